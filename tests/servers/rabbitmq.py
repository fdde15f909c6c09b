"""A private RabbitMQ (3.10 and 4.x) for a test run, and fresh virtual hosts on any RabbitMQ.

Called by the keeper, tests/conftest.py and tests that kill a private broker.
"""

import base64
import http.client
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.servers import packages
from tests.servers.address import Address
from tests.servers.processes import Program, answering, data_directory, free_port, running, unprivileged_account

CONFIGURATION = (
    "listeners.tcp.1 = 127.0.0.1:{port}\n"
    "management.tcp.ip = 127.0.0.1\n"
    "management.tcp.port = {management_port}\n"
    "default_user = {user}\n"
    "default_pass = {password}\n"
    "disk_free_limit.absolute = 50MB\n"
    "log.file.level = warning\n"
)
ERLANG_ARGUMENTS = "-kernel inet_dist_use_interface {127,0,0,1} -noinput"
ALL = {"configure": ".*", "write": ".*", "read": ".*"}


@contextmanager
def private_instance(directory: Path) -> Iterator[Address]:
    """Yield a broker with the management plugin, all stable feature flags (quorum queues, streams) and its own epmd.

    Raises DidNotStart. The broker writes only below `directory`.
    """
    with prepared(directory) as (address, program), answering(program):
        yield address


@contextmanager
def prepared(directory: Path) -> Iterator[tuple[Address, Program]]:
    """Write the configuration, start an epmd, and yield the broker, not yet started; remove everything at the end."""
    server = packages.rabbitmq_server()
    assert server is not None
    account = unprivileged_account("rabbitmq")
    address = Address("private instance", free_port(), "lingjun", secrets.token_urlsafe(16), free_port())
    with data_directory(directory, account):
        environment = _environment(directory, distribution_port=free_port(), epmd_port=free_port())
        (directory / "rabbitmq.conf").write_text(CONFIGURATION.format(**vars(address)))
        (directory / "enabled_plugins").write_text("[rabbitmq_management].\n")
        broker = Program("RabbitMQ", (str(server),), directory, account, environment, lambda: answers(address))
        epmd = ("epmd", "-port", environment["ERL_EPMD_PORT"], "-address", "127.0.0.1")
        with running(replace(broker, name="epmd", command=epmd)):
            yield address, broker


def _environment(directory: Path, *, distribution_port: int, epmd_port: int) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"lingjun-{distribution_port}@localhost",
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_CONF_ENV_FILE": str(directory / "rabbitmq-env.conf"),
        "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(directory / "data"),
        "RABBITMQ_LOG_BASE": str(directory / "log"),
        "RABBITMQ_PID_FILE": str(directory / "rabbitmq.pid"),
        # Makes the script exec the Erlang machine instead of forking it, so that ending its id ends the broker.
        "RABBITMQ_ALLOW_INPUT": "1",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": ERLANG_ARGUMENTS,
    }


def answers(address: Address) -> bool:
    """Return whether the broker accepts clients. It opens its ports last, the management port among them."""
    try:
        return request(address, "GET", "/api/health/checks/protocol-listener/amqp") == 200
    except (OSError, http.client.HTTPException):
        return False


@contextmanager
def virtual_host(address: Address, name: str) -> Iterator[str]:
    """Create a virtual host and yield its amqp:// URL; delete it with all its queues at the end."""
    for path, body in ((f"/api/vhosts/{name}", {}), (f"/api/permissions/{name}/{address.user}", ALL)):
        status = request(address, "PUT", path, body)
        assert status in (201, 204), f"RabbitMQ answered {status} to PUT {path}"
    try:
        yield f"amqp://{address.user}:{address.password}@127.0.0.1:{address.port}/{name}"
    finally:
        request(address, "DELETE", f"/api/vhosts/{name}")


def request(address: Address, method: str, path: str, body: Mapping[str, object] | None = None) -> int:
    """Call the management API; return the HTTP status. Raises OSError if the broker does not answer."""
    credentials = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", address.management_port, timeout=30)
    headers = {"Authorization": f"Basic {credentials}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection.getresponse().status
    finally:
        connection.close()
