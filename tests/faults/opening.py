"""Prepares a run: accounts, a programme that is open now, the platform's key. Called by run.py."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.demo.player.clients import Stage
from services.demo.player.filing import issue_key
from services.demo.player.office import create_accounts
from services.demo.programme import programme
from services.demo.staff import OFFICE
from tests.journeys.installations import RunningInstallation

NEEDED = ("admin", "intake01")


def open_for_filing(installation: RunningInstallation) -> Stage:
    """Create accounts, programme and API key, and return the stage.

    Some services may not have consumed ProgrammePublished yet.
    """
    stage = installation.stage()
    create_accounts(stage, [account for account in OFFICE if account.account in NEEDED], installation.first_link)
    definition = json.dumps(open_programme(datetime.now(UTC)), ensure_ascii=False)
    stage.person("intake01").submit(
        "/intake/programmes", files={"definition": ("programme.json", definition, "application/json")}
    )
    stage.platform_key = issue_key(stage)
    return stage


def open_programme(now: datetime) -> dict[str, Any]:
    """Return the 2021 programme with all dates shifted by whole days, so that it opened yesterday."""
    definition = programme()
    shift = timedelta(days=(now - datetime.fromisoformat(definition["opens_at"])).days - 1)
    for name in ("opens_at", "closes_at", "pay_by", "report_at"):
        definition[name] = (datetime.fromisoformat(definition[name]) + shift).isoformat()
    for name in ("first_day", "last_day"):
        definition["plan"][name] = (date.fromisoformat(definition["plan"][name]) + shift).isoformat()
    return definition
