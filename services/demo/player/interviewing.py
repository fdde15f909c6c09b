"""Chapter 4, the actions of scheduling's staff: panels, slots, bookings, no-shows, and a second date for them."""

import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from services.demo.player.clients import Stage
from services.demo.programme import CODE
from services.demo.staff import panels
from services.demo.story import Story

DAYS = "2021-12-06 2021-12-07 2021-12-08"
HOURS = "08:30-12:00 13:30-18:00"
AFTER_THE_LAST = datetime(2021, 12, 8, 10, 5, tzinfo=UTC)
EVENING = "18:30-20:30"
AFTER_THE_EVENING = datetime(2021, 12, 8, 12, 35, tzinfo=UTC)
SEARCH_SECONDS = 90


def prepare(stage: Stage, story: Story) -> None:
    """Enter the three panels and the slots of the three days. A repeat changes nothing."""
    scheduler = stage.person("schedule01")
    for panel in panels(story.linked_credit_codes):
        lines = "\n".join(f"{one.account} {one.name} {one.employer_credit_code}" for one in panel.judges)
        fields = {"programme": CODE, "code": panel.code, "room": panel.room, "link": panel.link, "judges": lines}
        scheduler.submit("/scheduling/panels", fields)
    _open_slots(stage, DAYS, HOURS)


def book_interviews(stage: Stage) -> None:
    """Request a proposal for all waiting candidates and book it."""
    scheduler = stage.person("schedule01")
    if not any(one["status"] == "waiting" for one in candidates(stage)):
        return
    scheduler.submit("/scheduling/proposals", {"programme": CODE})
    proposal = _solved_proposal(stage)
    scheduler.submit(f"/scheduling/proposals/{proposal['id']}/book")
    stage.settle()


def _solved_proposal(stage: Stage) -> dict[str, Any]:
    """Wait for the solver and return the newest proposal. Raises TimeoutError after SEARCH_SECONDS."""
    ends = time.monotonic() + SEARCH_SECONDS
    while time.monotonic() < ends:
        newest: dict[str, Any] = stage.person("schedule01").json("/scheduling/api/proposals")[0]
        if newest["status"] != "solving":
            return newest
        time.sleep(0.1)
    raise TimeoutError("no proposal for the interviews")


def hold_interviews(stage: Stage, story: Story) -> None:
    """Advance past the three days, record the no-shows, book their evening dates, and record who misses those too."""
    stage.travel(AFTER_THE_LAST)
    names = _application_numbers(stage)
    absent = story.missed_once | story.missed_for_good
    _record_no_shows(stage, {names[one] for one in absent}, misses=0)
    stage.settle()
    _open_slots(stage, "2021-12-08", EVENING)
    book_interviews(stage)
    stage.travel(AFTER_THE_EVENING)
    _record_no_shows(stage, {names[one] for one in story.missed_for_good}, misses=1)
    stage.settle()


def _record_no_shows(stage: Stage, application_numbers: Collection[str], *, misses: int) -> None:
    for one in candidates(stage):
        if one["application_no"] in application_numbers and one["misses"] == misses and one["booking"]:
            stage.person("schedule01").submit(f"/scheduling/candidates/{one['application_id']}/no-show")


def _open_slots(stage: Stage, days: str, hours: str) -> None:
    fields = {"programme": CODE, "days": days, "hours": hours, "minutes": "30"}
    stage.person("schedule01").submit("/scheduling/slots", fields)


def _application_numbers(stage: Stage) -> dict[str, str]:
    """Return platform number -> application number, from review's cases."""
    found = stage.person("review01").json("/review/api/cases")
    return {one["platform_no"]: one["application_no"] for one in found}


def candidates(stage: Stage) -> list[dict[str, Any]]:
    """Return all interview candidates."""
    found: list[dict[str, Any]] = stage.person("schedule01").json("/scheduling/api/candidates")
    return found
