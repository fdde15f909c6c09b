"""The scripts of deploy/ on real servers: the databases of a first start, and the health check of connected processes."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Callable

import psycopg
import pytest

from tests.servers import keeper, packages, postgres
from tests.servers.address import Address
from tests.servers.containers import ROOT
from tests.servers.processes import free_port

HOUSE = ("intake", "review", "scheduling", "billing", "portal")


def create_databases(server: Address, passwords: dict[str, str]) -> None:
    """Runs the script of the first start as the postgres image would, as its owner `postgres`."""
    with postgres.connect(server) as owner:
        owner.execute(f"CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '{server.password}'")
    environment = os.environ | {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGPASSWORD": server.password,
        **{f"LINGJUN_{service.upper()}_DATABASE_PASSWORD": password for service, password in passwords.items()},
    }
    subprocess.run(["sh", ROOT / "deploy/databases.sh"], env=environment, check=True)


def test_each_service_gets_a_database_that_no_other_may_enter() -> None:
    if packages.postgres_server() is None:
        pytest.skip("postgresql is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    passwords = {service: secrets.token_hex(8) for service in HOUSE}
    with postgres.private_instance(keeper.private_directory("databases")) as server:
        create_databases(server, passwords)
        entered = {
            (user, database)
            for user in HOUSE
            for database in HOUSE
            if may_enter(server, user, passwords[user], database)
        }
    assert entered == {(service, service) for service in HOUSE}


def may_enter(server: Address, user: str, password: str, database: str) -> bool:
    """Whether the user can connect and make a table."""
    try:
        with psycopg.connect(
            host="127.0.0.1", port=server.port, user=user, password=password, dbname=database
        ) as connection:
            connection.execute("CREATE TABLE probe (id int)")
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture
def connected() -> Callable[[int], bool]:
    """The health check's answer for a port."""

    def ask(port: int) -> bool:
        return subprocess.run([sys.executable, ROOT / "deploy/connected.py", str(port)], check=False).returncode == 0

    return ask


def test_a_process_is_well_only_while_it_is_connected(connected: Callable[[int], bool]) -> None:
    port = free_port()
    assert not connected(port)
    with socket.create_server(("127.0.0.1", port)) as listening, socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listening.accept()
        with accepted:
            assert connected(port)
    assert not connected(port)
