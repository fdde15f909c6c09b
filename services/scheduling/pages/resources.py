"""Pages for teachers, venues and the office's calendar, which the next plan uses."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from services.scheduling import actions
from services.scheduling.pages.forms import Reader, Scheduler, parse_day, parse_days, split_words
from services.scheduling.pages.labels import DAY_KINDS, TEACHERS, VENUES
from services.scheduling.queries import plans
from shared.dashboard import done, page, t
from shared.foundation.text import Line, Lines
from shared.http.fields import FormCode, FormName
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()


@router.get("/resources")
def show_resources(request: Request, actor: Reader, session: ReadingSession) -> Response:
    """Show the teachers, the venues, and the calendar days that the office changed."""
    return page(
        request,
        "scheduling_resources.html",
        title="师资与场地",
        teachers=plans.teachers(session),
        venues=plans.venues(session),
        edits=plans.calendar_edits(session),
        kinds={**TEACHERS, **VENUES},
        day_kinds=DAY_KINDS,
    )


@router.post("/teachers")
def define_teacher(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    name: FormName,
    title: Annotated[Line, Form(max_length=100)],
    kind: FormCode,
    regions: Annotated[Lines, Form(max_length=200)],
    unavailable: Annotated[Lines, Form(max_length=4000)] = "",
) -> Response:
    """Create or change a teacher. Fields: `name`, `title`, `kind` (mentor, professor), `regions` (separated by blanks),
    `unavailable` (dates)."""
    actions.define_teacher(
        uow,
        name.strip(),
        title=title.strip(),
        kind=kind,
        regions=split_words(regions),
        unavailable=parse_days(unavailable, "unavailable"),
        actor=actor.account,
        now=now,
    )
    return done(request, "/scheduling/resources", t("已登记教师 {name}。", name=name))


@router.post("/venues")
def define_venue(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    name: Annotated[Line, Form(max_length=100)],
    region: Annotated[Line, Form(max_length=30)],
    kind: FormCode,
    works_saturdays: Annotated[bool, Form()] = False,
    works_sundays: Annotated[bool, Form()] = False,
    unavailable: Annotated[Lines, Form(max_length=4000)] = "",
) -> Response:
    """Create or change a venue. Fields: `name`, `region`, `kind` (classroom, firm), `works_saturdays`, `works_sundays`
    (true), `unavailable` (dates)."""
    actions.define_venue(
        uow,
        name.strip(),
        region=region.strip(),
        kind=kind,
        works_saturdays=works_saturdays,
        works_sundays=works_sundays,
        unavailable=parse_days(unavailable, "unavailable"),
        actor=actor.account,
        now=now,
    )
    return done(request, "/scheduling/resources", t("已登记场地 {name}。", name=name))


@router.post("/calendar")
def set_calendar_day(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    on: Annotated[Line, Form(max_length=20)],
    kind: FormCode,
    holiday: Annotated[Line, Form(max_length=30)] = "",
) -> Response:
    """Change one day of the working calendar. Fields: `on` (date), `kind` (working, weekend, holiday,
    adjusted_working), `holiday` (its name)."""
    actions.set_calendar_day(uow, parse_day(on, "on"), kind=kind, holiday=holiday, actor=actor.account, now=now)
    return done(request, "/scheduling/resources", "工作日历已更改，下次编排时生效。")
