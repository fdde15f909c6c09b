"""The console's link for the first account, and the portal's counts for the demo's closing summary."""

import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from services.portal import queries
from services.portal.actions import note_dead_letter
from services.portal.web import invite
from shared.messaging.transport import Delivery
from shared.wiring.settings import embedded
from tests.portal.conftest import PASSWORD, Portal, make_portal
from tests.portal.received import handle, hour, paid, submitted


def console(folder: Path) -> str:
    """Run `lingjun first-account`, as an operator does; return its output."""
    values = embedded(folder, "portal", public_url="http://127.0.0.1:8000", clock="system")
    environment = {f"LINGJUN_{name.upper()}": str(value) for name, value in values.items()}
    command = [sys.executable, "-m", "services", "first-account"]
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True).stdout


def test_the_console_prints_a_link_until_the_first_account_exists(portal: Portal, tmp_path: Path) -> None:
    link = console(tmp_path).strip()
    fields = {"account": "zhao", "name": "赵管理", "password": PASSWORD, "again": PASSWORD}
    assert portal.client().post(link, data=fields).status_code == 303
    assert portal.client().post("/sign-in", data={"account": "zhao", "password": PASSWORD}).status_code == 303
    assert console(tmp_path) == "\n"
    assert portal.client().get(link).status_code == 404


def test_a_second_link_voids_the_first(portal: Portal) -> None:
    first, second = invite(portal.process), invite(portal.process)
    assert (portal.client().get(first).status_code, portal.client().get(second).status_code) == (404, 200)


def test_a_link_is_invalid_in_another_installation(tmp_path: Path, portal: Portal) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    other = make_portal(folder)
    link = invite(other.process)
    other.process.database.close()
    assert portal.client().get(link).status_code == 404


def test_the_stats_count_accounts_applicants_events_and_dead_letters(any_portal: Portal) -> None:
    any_portal.account("qian", "judge")
    handle(any_portal, submitted(), at=hour(0))
    handle(any_portal, paid(), at=hour(1))
    with any_portal.process.database.transaction() as uow:
        note_dead_letter(uow, Delivery(None, {"cloudEvents:id": str(uuid4())}, b"{}", 0))
    with any_portal.process.database.reader() as session:
        counts = queries.stats(session)
    assert counts == {"accounts": 1, "applicants": 1, "occurrences": 2, "dead_letters": 1, "dead_letters_waiting": 1}


def test_an_empty_portal_counts_nothing(portal: Portal) -> None:
    with portal.process.database.reader() as session:
        assert set(queries.stats(session).values()) == {0}
