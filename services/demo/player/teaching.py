"""Chapter 7, the actions of scheduling's staff: check-in, teaching plan, attendance, assessment, certificate list."""

import time
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from services.demo.course import Absence, StudentYear, student_years
from services.demo.player.clients import Stage, run_concurrently
from services.demo.player.filing import Tick
from services.demo.programme import CODE
from services.demo.teaching import TEACHERS, VENUES

REPORT_DAY = datetime(2021, 12, 24, 2, tzinfo=UTC)
SEARCH_SECONDS = 120


def publish_plan(stage: Stage) -> None:
    """Enter teachers and venues, request a plan and publish it. A repeat publishes no second plan."""
    scheduler = stage.person("schedule01")
    for teacher in TEACHERS:
        fields = {
            "name": teacher.name,
            "title": teacher.title,
            "kind": teacher.kind,
            "regions": " ".join(teacher.regions),
        }
        scheduler.submit("/scheduling/teachers", fields)
    for venue in VENUES:
        fields = {"name": venue.name, "region": venue.region, "kind": venue.kind}
        works = {"works_saturdays": "true"} if venue.works_saturdays else {}
        scheduler.submit("/scheduling/venues", fields | works)
    if any(plan["version"] for plan in scheduler.json("/scheduling/api/plans")):
        return
    first = {"first_from": "2021-12-25", "first_until": "2021-12-25"}
    scheduler.submit("/scheduling/plans", {"programme": CODE, **first})
    plan = _solved_plan(stage)
    scheduler.submit(f"/scheduling/plans/{plan['id']}/publish")
    stage.settle()


def _solved_plan(stage: Stage) -> dict[str, Any]:
    ends = time.monotonic() + SEARCH_SECONDS
    while time.monotonic() < ends:
        newest: dict[str, Any] = stage.person("schedule01").json("/scheduling/api/plans")[0]
        if newest["status"] != "solving":
            return newest
        time.sleep(0.2)
    raise TimeoutError("no teaching plan")


def check_in(stage: Stage, tick: Tick) -> None:
    """Check in, as registrar, every student who holds a seat and has paid: those with the status "expected"."""
    stage.travel(REPORT_DAY)
    brought = {"original_form": "true", "two_photos": "true", "identity_seen": "true"}
    registrar = stage.person("registrar01")

    def register(student: dict[str, Any]) -> None:
        registrar.submit(f"/scheduling/roster/{student['application_id']}/register", brought)
        tick()

    run_concurrently(register, [one for one in students(stage) if one["status"] == "expected"])
    stage.settle()


def teach(stage: Stage, seed: int, tick: Tick, *, until: datetime) -> None:
    """Advance the year module by module up to `until`. Record attendance and drop-outs at the end of each module."""
    registrar = stage.person("registrar01")
    years = _years(stage, seed)
    lessons = registrar.json("/scheduling/api/sessions")
    for number, held in groupby(lessons, key=lambda one: one["module"]):
        module = list(held)
        if datetime.fromisoformat(module[-1]["ends_at"]) > until:
            break
        stage.travel(datetime.fromisoformat(module[-1]["ends_at"]) + timedelta(minutes=30))
        for lesson in module:
            if not lesson["recorded"]:
                registrar.submit(
                    f"/scheduling/sessions/{lesson['id']}/attendance", _marks(lesson, module, years, number)
                )
            tick()
        for application_id, year in years.items():
            if year.drops_out_after_module == number:
                address = f"/scheduling/roster/{application_id}/drop-out"
                registrar.try_to_submit(address, {"reason": "企业停产整顿，学员申请退学"})
    stage.settle()


def _marks(
    lesson: dict[str, Any], module: list[dict[str, Any]], years: dict[str, StudentYear], number: int
) -> dict[str, str]:
    """Return the attendance mark of each student for one half-day."""
    days = sorted({one["on"] for one in module})
    marks = {}
    for application_id, year in years.items():
        if year.drops_out_after_module is not None and year.drops_out_after_module < number:
            continue
        missed = next((one for one in year.absences if _is(one, number, days.index(lesson["on"]) + 1, lesson)), None)
        marks[f"mark-{application_id}"] = ("made_up" if missed.made_up else "absent") if missed else "present"
    return marks


def _is(absence: Absence, module: int, day: int, lesson: dict[str, Any]) -> bool:
    return (absence.module, absence.day, absence.half) == (module, day, lesson["half"])


def assess_and_certify(stage: Stage, seed: int) -> None:
    """Record both assessment attempts, then decide on all certificates."""
    registrar = stage.person("registrar01")
    years = _years(stage, seed)
    done = {one["application_id"]: len(one["results"]) for one in students(stage)}
    for attempt in range(2):
        results = {
            f"result-{application_id}": "pass" if year.results[attempt] else "fail"
            for application_id, year in years.items()
            if len(year.results) > attempt and done[application_id] == attempt
        }
        if results:
            registrar.submit("/scheduling/assessments", {"programme": CODE, **results})
            done = {one["application_id"]: len(one["results"]) for one in students(stage)}
    registrar.submit("/scheduling/certificates", {"programme": CODE})
    stage.settle()


def _years(stage: Stage, seed: int) -> dict[str, StudentYear]:
    """Return application id -> planned year, in rank order of the registered students."""
    registered = [one for one in students(stage) if one["status"] not in ("expected", "released")]
    return {
        one["application_id"]: year for one, year in zip(registered, student_years(seed, len(registered)), strict=True)
    }


def students(stage: Stage) -> list[dict[str, Any]]:
    """Return everyone who was ever on the roster, by rank."""
    found: list[dict[str, Any]] = stage.person("registrar01").json("/scheduling/api/students")
    return found
