"""A private Redis for a test run. Called by the keeper; tests/conftest.py gives each worker its own database number."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from tests.servers import packages
from tests.servers.address import Address
from tests.servers.processes import Program, answering, data_directory, free_port, unprivileged_account

DATABASES = 64
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
databases {databases}
dir {directory}
save ""
appendonly no
"""


@contextmanager
def private_instance(directory: Path) -> Iterator[Address]:
    """Yield a Redis without persistence, on loopback only. Raises DidNotStart."""
    with prepared(directory) as (address, program), answering(program):
        yield address


@contextmanager
def prepared(directory: Path) -> Iterator[tuple[Address, Program]]:
    """Write the configuration and yield the server, not yet started; remove its files at the end."""
    server = packages.redis_server()
    assert server is not None
    account = unprivileged_account("redis")
    address = Address("private instance", free_port(), "default", secrets.token_urlsafe(16))
    with data_directory(directory, account):
        configuration = directory / "redis.conf"
        configuration.write_text(CONFIGURATION.format(databases=DATABASES, directory=directory, **vars(address)))
        command = (str(server), str(configuration))
        environment = {"PATH": "/usr/bin:/bin"}
        yield address, Program("Redis", command, directory, account, environment, lambda: answers(address))


def answers(address: Address) -> bool:
    """Return whether the server accepts commands."""
    try:
        with Redis(port=address.port, password=address.password) as client:
            return bool(client.ping())
    except RedisError:
        return False
