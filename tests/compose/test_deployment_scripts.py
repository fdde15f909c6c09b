"""The scripts of deploy/ and `make env`: databases and broker definitions at the first start, and the health check."""

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
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.persistence.database import Database
from shared.persistence.models import StaffAccess
from shared.persistence.schema import _config, upgrade
from shared.wiring.registry import SERVICES
from tests.servers import keeper, packages, postgres
from tests.servers.address import Address
from tests.servers.containers import ROOT
from tests.servers.processes import free_port


def create_databases(server: Address, passwords: dict[str, str]) -> None:
    """Run the script that the installation runs at every start, as the superuser `postgres`."""
    environment = os.environ | {
        "PGHOST": "127.0.0.1",
        "PGPORT": str(server.port),
        "PGPASSWORD": server.password,
        **{f"LINGJUN_{user.upper()}_DATABASE_PASSWORD": password for user, password in passwords.items()},
    }
    subprocess.run(["sh", ROOT / "deploy/databases.sh"], env=environment, check=True)


@pytest.fixture(scope="module")
def database_server() -> Iterator[Address]:
    """A private PostgreSQL with the superuser `postgres`."""
    if packages.postgres_server() is None:
        pytest.skip("postgresql is not installed: python -m tests.servers install (as root on Debian or Ubuntu)")
    with postgres.private_instance(keeper.private_directory("databases")) as server:
        with postgres.connect(server) as owner:
            owner.execute(f"CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '{server.password}'")
        yield server


@pytest.fixture
def passwords(database_server: Address) -> dict[str, str]:
    """Create the databases and users, or set new passwords: every start of the installation applies those of .env."""
    fresh = {user: secrets.token_hex(8) for user in (*SERVICES, "migration", "observer")}
    create_databases(database_server, fresh)
    return fresh


def url_of(server: Address, user: str, password: str, database: str) -> str:
    return f"postgresql+psycopg://{user}:{password}@127.0.0.1:{server.port}/{database}"


@pytest.mark.parametrize("start", ["first", "second"])
def test_each_service_gets_a_database_that_no_other_can_enter(
    database_server: Address, passwords: dict[str, str], start: str
) -> None:
    connected = {
        (user, database)
        for user in SERVICES
        for database in SERVICES
        if can_connect(url_of(database_server, user, passwords[user], database))
    }
    assert connected == {(service, service) for service in SERVICES}


def can_connect(url: str) -> bool:
    """Return whether the user can connect; assert that a connected user cannot create a table."""
    try:
        connection = psycopg.connect(url.replace("+psycopg", ""))
    except psycopg.OperationalError:
        return False
    with connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("CREATE TABLE probe (id int)")
    return True


def test_the_observer_reads_the_servers_statistics_and_enters_no_services_database(
    database_server: Address, passwords: dict[str, str]
) -> None:
    assert not any(
        can_connect(url_of(database_server, "observer", passwords["observer"], service)) for service in SERVICES
    )
    url = url_of(database_server, "observer", passwords["observer"], "postgres").replace("+psycopg", "")
    with psycopg.connect(url) as connection:
        sizes = connection.execute("SELECT datname, pg_database_size(datname) FROM pg_database").fetchall()
    assert {name for name, size in sizes if size} >= set(SERVICES)


def test_a_service_works_with_its_tables_and_only_adds_to_the_audit_log(
    database_server: Address, passwords: dict[str, str]
) -> None:
    upgrade(url_of(database_server, "migration", passwords["migration"], "portal"), "portal")
    database = Database(url_of(database_server, "portal", passwords["portal"], "portal"))
    with database.transaction() as uow:
        uow.record("act", "s", actor="a", now=datetime.now(UTC))
        uow.session.add(StaffAccess(account="a", valid_from=datetime.now(UTC)))
    for statement in ("UPDATE audit SET actor = 'b'", "DELETE FROM audit_leaf", "DROP TRIGGER audit_kept ON audit"):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"), database.transaction() as uow:
            uow.session.execute(text(statement))
    with database.transaction() as uow:
        uow.session.execute(text("DELETE FROM staff_access"))
    database.close()


def test_the_tables_of_an_older_installation_get_the_migration_user_as_owner(
    database_server: Address, passwords: dict[str, str]
) -> None:
    """In older installations each service owned its database and migrated it."""
    with psycopg.connect(
        host="127.0.0.1",
        port=database_server.port,
        user="postgres",
        dbname="postgres",
        password=database_server.password,
        autocommit=True,
    ) as owner:
        owner.execute("ALTER DATABASE billing OWNER TO billing")
    command.upgrade(
        _config(url_of(database_server, "billing", passwords["billing"], "billing"), "billing"), "plumbing_0002"
    )
    create_databases(database_server, passwords)
    upgrade(url_of(database_server, "migration", passwords["migration"], "billing"), "billing")
    database = Database(url_of(database_server, "billing", passwords["billing"], "billing"))
    with database.transaction() as uow:
        uow.record("act", "s", actor="a", now=datetime.now(UTC))
    with pytest.raises(DBAPIError, match="permission denied for table audit"), database.transaction() as uow:
        uow.session.execute(text("DELETE FROM audit"))
    database.close()


@pytest.fixture
def connected() -> Callable[[int], bool]:
    """Return a function that runs the health check for a port."""

    def ask(port: int) -> bool:
        return subprocess.run([sys.executable, ROOT / "deploy/connected.py", str(port)], check=False).returncode == 0

    return ask


def test_a_process_is_healthy_only_while_it_is_connected(connected: Callable[[int], bool]) -> None:
    port = free_port()
    assert not connected(port)
    with socket.create_server(("127.0.0.1", port)) as listening, socket.create_connection(("127.0.0.1", port)):
        accepted, _ = listening.accept()
        with accepted:
            assert connected(port)
    assert not connected(port)


def test_a_process_whose_connections_are_refused_is_unhealthy(connected: Callable[[int], bool]) -> None:
    port, stopped = free_port(), threading.Event()
    seen = itertools.count()

    def reconnect() -> None:
        while not stopped.is_set():
            with socket.create_connection(("127.0.0.1", port)), listening.accept()[0]:
                next(seen)
                stopped.wait(0.05)

    with socket.create_server(("127.0.0.1", port)) as listening:
        thread = threading.Thread(target=reconnect)
        thread.start()
        try:
            assert not connected(port)
        finally:
            stopped.set()
            thread.join()
    assert next(seen) > 10


BROKER = {
    f"LINGJUN_{name}BROKER_PASSWORD": secrets.token_hex(8)
    for name in ("", *(f"{service.upper()}_" for service in SERVICES))
}


def definitions(**overrides: str) -> subprocess.CompletedProcess[str]:
    """Return the definitions that the broker loads at its start."""
    command = ["sh", str(ROOT / "deploy/broker.sh")]
    return subprocess.run(command, env=os.environ | BROKER | overrides, capture_output=True, text=True, check=False)


def test_the_definitions_hold_each_user_with_its_own_password_and_no_administrator() -> None:
    users = json.loads(definitions().stdout)["users"]
    assert {user["name"]: user["password"] for user in users} == {
        "lingjun": BROKER["LINGJUN_BROKER_PASSWORD"],
        **{service: BROKER[f"LINGJUN_{service.upper()}_BROKER_PASSWORD"] for service in SERVICES},
    }
    assert [user["tags"] for user in users] == [[]] * 6


def test_a_password_that_would_break_the_definitions_is_rejected_by_name() -> None:
    outcome = definitions(LINGJUN_REVIEW_BROKER_PASSWORD='a"b')
    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr == "LINGJUN_REVIEW_BROKER_PASSWORD must be of letters, digits, - and _: correct .env.\n"


def run_make_env(folder: Path) -> dict[str, str]:
    """Run `make env` in a folder with the project's Makefile and .env.example; return the variables of .env."""
    for name in ("Makefile", ".env.example"):
        shutil.copy(ROOT / name, folder)
    subprocess.run(["make", "--silent", "env"], cwd=folder, check=True)
    return dict(re.findall(r"^(LINGJUN_\w+)=(.*)$", (folder / ".env").read_text(encoding="utf-8"), re.MULTILINE))


def test_secrets_are_written_once_and_only_missing_values_are_added(tmp_path: Path) -> None:
    first = run_make_env(tmp_path)
    secret = {value for name, value in first.items() if name.endswith("_PASSWORD")}
    assert len(secret) == len([name for name in first if name.endswith("_PASSWORD")])
    assert all(re.fullmatch(r"[0-9a-f]{32}", value) for value in secret)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o600
    assert run_make_env(tmp_path) == first
    older = {name: value for name, value in first.items() if name != "LINGJUN_REVIEW_BROKER_PASSWORD"}
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in older.items()), encoding="utf-8")
    again = run_make_env(tmp_path)
    assert {name: again[name] for name in older} == older
    assert set(again) == set(first)
    assert re.fullmatch(r"[0-9a-f]{32}", again["LINGJUN_REVIEW_BROKER_PASSWORD"])
    assert "[[[" not in (tmp_path / ".env").read_text(encoding="utf-8")


DUMPS = tuple(f"{service}.dump" for service in SERVICES)


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    """A folder like those of backup.sh."""
    folder = tmp_path / "backup"
    folder.mkdir()
    for name in (*DUMPS, "volumes.tar"):
        (folder / name).write_bytes(name.encode() * 50)
    sums = subprocess.run(["sha256sum", "--", *DUMPS, "volumes.tar"], cwd=folder, capture_output=True, check=True)
    (folder / "SHA256SUMS").write_bytes(sums.stdout)
    return folder


def restore(backup: Path) -> "tuple[subprocess.CompletedProcess[str], bool]":
    """Run restore.sh with an engine that fails; return its outcome, and whether it called the engine."""
    called = backup.parent / "called"
    engine = backup.parent / "engine"
    engine.write_text(f"#!/bin/sh\ntouch {called}\nexit 1\n")
    engine.chmod(0o700)
    command = [ROOT / "deploy/restore.sh", backup]
    environment = os.environ | {"COMPOSE": str(engine)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False), called.exists()


def test_a_sound_backup_is_restored(backup: Path) -> None:
    assert restore(backup)[1]


def flip_a_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda folder: flip_a_bit(folder / "volumes.tar"), "volumes.tar"),
        (lambda folder: flip_a_bit(folder / "billing.dump"), "billing.dump"),
        (lambda folder: os.truncate(folder / "volumes.tar", 200), "volumes.tar"),
        (lambda folder: os.truncate(folder / "intake.dump", 0), "intake.dump is missing"),
        (lambda folder: shutil.copy(folder / "intake.dump", folder / "review.dump"), "review.dump"),
        (lambda folder: (folder / "SHA256SUMS").unlink(), "SHA256SUMS is missing"),
        (lambda folder: (folder / "SHA256SUMS").write_text("\n"), "not those that make backup wrote"),
    ],
)
def test_a_damaged_backup_is_rejected_before_anything_is_stopped(
    backup: Path, damage: Callable[[Path], object], reason: str
) -> None:
    damage(backup)
    outcome, engine_was_called = restore(backup)
    assert outcome.returncode == 1
    assert reason in outcome.stderr
    assert "Nothing was changed." in outcome.stderr
    assert not engine_was_called
