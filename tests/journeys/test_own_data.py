"""`make run`: a standalone server with the system clock and its own data is killed while applications come in."""

import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from services.demo.cohort import Application, cohort
from services.demo.player import filing
from services.demo.player.clients import Stage
from services.demo.player.office import create_accounts
from services.demo.player.play import FIRST_MOMENT
from services.demo.programme import CODE, programme
from services.demo.staff import staff
from tests.journeys.installations import start_embedded, stop
from tests.servers.processes import free_port

SINCE = timedelta(days=(datetime.now(UTC) - FIRST_MOMENT).days)
ENOUGH = 12


def shifted_to_now(value: Any) -> Any:
    """Return the definition with all times shifted by whole days, so that its window is open today."""
    if isinstance(value, dict):
        return {name: shifted_to_now(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shifted_to_now(one) for one in value]
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d(T.*Z)?", value):
        shifted = datetime.fromisoformat(value) + SINCE
        return shifted.isoformat() if "T" in value else shifted.date().isoformat()
    return value


def file_until_the_server_dies(stage: Stage, applications: list[Application], accepted: list[str]) -> None:
    filer = filing.FilingClient(stage, stage.platform())
    for application in applications:
        try:
            ids, refused = filer.upload(application)
            answer = refused or filer.post(application, ids, application.key)
        except Exception:
            return
        assert answer.status_code == 201, answer.text
        accepted.append(application.platform_no)


def test_a_killed_server_keeps_accepted_applications_and_publishes_their_events(tmp_path):
    folder, port = tmp_path / "data", free_port()
    installation = start_embedded(folder, port, None)
    stage = installation.stage()
    create_accounts(stage, staff(), installation.first_link)
    clerk = stage.person("intake01")
    definition = json.dumps(shifted_to_now(programme()), ensure_ascii=False)
    clerk.submit("/intake/programmes", files={"definition": ("programme.json", definition, "application/json")})
    stage.platform_key = filing.issue_key(stage)
    applications = list(cohort(1).applications)
    accepted: list[str] = []
    filer = threading.Thread(target=file_until_the_server_dies, args=(stage, applications, accepted))
    filer.start()
    while len(accepted) < ENOUGH and filer.is_alive():
        time.sleep(0.01)
    installation.kill("server")
    filer.join(60)
    assert len(accepted) >= ENOUGH
    installation = start_embedded(folder, port, None)
    try:
        again = Stage(stage.addresses, stage.passwords, stage.mail, platform_key=stage.platform_key)
        known = filing.FilingClient(again, again.platform()).filed()
        assert [number for number in accepted if number not in known] == []
        ends = time.monotonic() + 60
        while (cases := cases_of(again)) != sorted(known) and time.monotonic() < ends:
            time.sleep(0.2)
        assert cases == sorted(known)
        assert again.person("audit01").json("/api/figures")["domain"]["dead_letters"] == 0
    finally:
        stop(installation)


def cases_of(stage: Stage) -> list[str]:
    """Return the sorted platform numbers of all cases in review."""
    return sorted(case["platform_no"] for case in stage.person("review01").json("/review/api/cases", programme=CODE))
