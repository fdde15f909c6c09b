"""Before the first application: accounts, a programme that is open now, the platform's key. Called by run.py."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.demo.player.clients import Stage
from services.demo.player.filing import issue_key
from services.demo.player.office import open_office
from services.demo.programme import programme
from services.demo.staff import OFFICE
from tests.journeys.installations import RunningInstallation

NEEDED = ("admin", "intake01")


def open_doors(installation: RunningInstallation) -> Stage:
    """The stage with the platform's key; the programme is published, and has perhaps not been heard by everybody yet."""
    stage = installation.stage()
    open_office(stage, [one for one in OFFICE if one.account in NEEDED], installation.first_link)
    definition = json.dumps(open_programme(datetime.now(UTC)), ensure_ascii=False)
    stage.person("intake01").submit(
        "/intake/programmes", files={"definition": ("programme.json", definition, "application/json")}
    )
    stage.platform_key = issue_key(stage)
    return stage


def open_programme(now: datetime) -> dict[str, Any]:
    """The programme of 2021, all of its dates moved by whole days so that it opened yesterday."""
    given = programme()
    moved = timedelta(days=(now - datetime.fromisoformat(given["opens_at"])).days - 1)
    for name in ("opens_at", "closes_at", "pay_by", "report_at"):
        given[name] = (datetime.fromisoformat(given[name]) + moved).isoformat()
    for name in ("first_day", "last_day"):
        given["plan"][name] = (date.fromisoformat(given["plan"][name]) + moved).isoformat()
    return given
