"""A private PostgreSQL for a test run, and fresh databases on any PostgreSQL.

Called by the keeper and tests/conftest.py.
"""

import secrets
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers import packages
from tests.servers.address import Address
from tests.servers.processes import (
    DidNotStart,
    Program,
    answering,
    data_directory,
    free_port,
    unprivileged_account,
)

# SIGQUIT is the immediate shutdown: it loses unwritten data, but releases shared memory.
END_SIGNAL = signal.SIGQUIT
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
INITDB = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--username=lingjun")


@contextmanager
def private_instance(directory: Path) -> Iterator[Address]:
    """A database server with its default durability (fsync on), on loopback only. Raises DidNotStart."""
    with prepared(directory) as (address, program), answering(program):
        yield address


@contextmanager
def prepared(directory: Path) -> Iterator[tuple[Address, Program]]:
    """Yield an initialised but not started server; remove its data at the end. Raises DidNotStart if initdb fails."""
    server = packages.postgres_server()
    assert server is not None
    account = unprivileged_account("postgres")
    address = Address("private instance", free_port(), "lingjun", secrets.token_urlsafe(16))
    with data_directory(directory, account):
        _initialise(server.with_name("initdb"), directory, account, address.password)
        settings = (
            f"port={address.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "max_connections=300",
            "shared_buffers=128MB",
        )
        options = [part for setting in settings for part in ("-c", setting)]
        command = (str(server), "-D", str(directory / "data"), *options)
        yield (
            address,
            Program("PostgreSQL", command, directory, account, ENVIRONMENT, lambda: answers(address), END_SIGNAL),
        )


def _initialise(initdb: Path, directory: Path, account: str | None, password: str) -> None:
    password_file = directory / "password"
    password_file.write_text(password)
    password_file.chmod(0o644)
    command = [str(initdb), "-D", str(directory / "data"), f"--pwfile={password_file}", *INITDB]
    outcome = subprocess.run(
        command, cwd=directory, env=ENVIRONMENT, user=account, capture_output=True, text=True, check=False
    )
    if outcome.returncode:
        raise DidNotStart(f"initdb failed:\n{outcome.stdout}{outcome.stderr}")


def answers(address: Address) -> bool:
    """Return whether the server accepts connections."""
    try:
        with connect(address):
            return True
    except psycopg.OperationalError:
        return False


def connect(address: Address) -> psycopg.Connection[tuple[object, ...]]:
    """Return a connection of the server's owner to its own database, in autocommit mode."""
    return psycopg.connect(
        host="127.0.0.1",
        port=address.port,
        user=address.user,
        password=address.password,
        dbname="postgres",
        autocommit=True,
        connect_timeout=10,
    )


@contextmanager
def database(address: Address, name: str) -> Iterator[str]:
    """Create an empty database and yield its SQLAlchemy URL; drop it at the end, with any open connections."""
    with connect(address) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    try:
        yield f"postgresql+psycopg://{address.user}:{address.password}@127.0.0.1:{address.port}/{name}"
    finally:
        with connect(address) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
