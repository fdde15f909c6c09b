"""The scripts of deploy/ and `make env`: the databases and the definitions of a first start, and the health check."""

import itertools
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.servers import keeper, packages, postgres
from tests.servers.address import Address
from tests.servers.containers import ROOT
from tests.servers.processes import free_port

INSTALLATION = ("intake", "review", "scheduling", "billing", "portal")


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
    passwords = {service: secrets.token_hex(8) for service in INSTALLATION}
    with postgres.private_instance(keeper.private_directory("databases")) as server:
        create_databases(server, passwords)
        entered = {
            (user, database)
            for user in INSTALLATION
            for database in INSTALLATION
            if may_enter(server, user, passwords[user], database)
        }
    assert entered == {(service, service) for service in INSTALLATION}


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


def test_a_process_that_is_turned_away_again_and_again_is_not_well(connected: Callable[[int], bool]) -> None:
    port, over = free_port(), threading.Event()
    seen = itertools.count()

    def knock() -> None:
        while not over.is_set():
            with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
                next(seen)
                over.wait(0.05)

    with socket.create_server(("127.0.0.1", port)) as listening:
        knocking = threading.Thread(target=knock)
        knocking.start()
        try:
            assert not connected(port)
        finally:
            over.set()
            knocking.join()
    assert next(seen) > 10


BROKER = {
    f"LINGJUN_{name}BROKER_PASSWORD": secrets.token_hex(8) for name in ("", *(f"{one.upper()}_" for one in INSTALLATION))
}


def definitions(**given: str) -> subprocess.CompletedProcess[str]:
    """What the broker is told at its start."""
    command = ["sh", str(ROOT / "deploy/broker.sh")]
    return subprocess.run(command, env=os.environ | BROKER | given, capture_output=True, text=True, check=False)


def test_the_broker_is_told_of_each_user_with_its_own_password_and_no_administrator() -> None:
    users = json.loads(definitions().stdout)["users"]
    assert {one["name"]: one["password"] for one in users} == {
        "lingjun": BROKER["LINGJUN_BROKER_PASSWORD"],
        **{service: BROKER[f"LINGJUN_{service.upper()}_BROKER_PASSWORD"] for service in INSTALLATION},
    }
    assert [one["tags"] for one in users] == [[]] * 6


def test_a_password_that_would_break_the_definitions_is_refused_by_name() -> None:
    outcome = definitions(LINGJUN_REVIEW_BROKER_PASSWORD='a"b')
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr == "LINGJUN_REVIEW_BROKER_PASSWORD must be of letters, digits, - and _: correct .env.\n"


def written(folder: Path) -> dict[str, str]:
    """What `make env` leaves in a folder with the project's Makefile and example."""
    for name in ("Makefile", ".env.example"):
        shutil.copy(ROOT / name, folder)
    subprocess.run(["make", "--silent", "env"], cwd=folder, check=True)
    return dict(re.findall(r"^(LINGJUN_\w+)=(.*)$", (folder / ".env").read_text(encoding="utf-8"), re.MULTILINE))


def test_secrets_are_written_once_and_only_what_is_missing_is_added(tmp_path: Path) -> None:
    first = written(tmp_path)
    secret = {value for name, value in first.items() if name.endswith("_PASSWORD")}
    assert len(secret) == len([name for name in first if name.endswith("_PASSWORD")])
    assert all(re.fullmatch(r"[0-9a-f]{32}", value) for value in secret)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert written(tmp_path) == first
    older = {name: value for name, value in first.items() if name != "LINGJUN_REVIEW_BROKER_PASSWORD"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in older.items()), encoding="utf-8")
    again = written(tmp_path)
    assert {name: again[name] for name in older} == older
    assert set(again) == set(first)
    assert re.fullmatch(r"[0-9a-f]{32}", again["LINGJUN_REVIEW_BROKER_PASSWORD"])
