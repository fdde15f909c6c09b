"""Pages for panels and slots: who interviews, where, and when."""

from datetime import timedelta
from itertools import groupby
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.scheduling import actions
from services.scheduling.pages.forms import Reader, Scheduler, parse_half_days, parse_judges
from services.scheduling.queries import interviews
from services.scheduling.queries.programmes import chosen_programme
from shared.dashboard import done, page, t
from shared.foundation.clock import local
from shared.foundation.text import Line, Lines
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()


@router.get("/panels")
def show_panels(request: Request, actor: Reader, session: ReadingSession, programme: QueryCode = "") -> Response:
    """Show the panels, and the slots by day with the number of booked panels in each."""
    chosen = chosen_programme(session, programme)
    load: dict[UUID, int] = {}
    for booking in interviews.bookings(session, chosen.code):
        load[booking.slot_id] = load.get(booking.slot_id, 0) + 1
    slots = interviews.slots(session, chosen.code)
    days = [(day, list(group)) for day, group in groupby(slots, key=lambda slot: local(slot.starts_at).date())]
    return page(
        request,
        "scheduling_panels.html",
        title="评审组与时段",
        subtitle=chosen.title,
        programme=chosen,
        panels=interviews.panels(session, chosen.code),
        days=days,
        load=load,
        places=len(slots) * len(interviews.panels(session, chosen.code)),
        booked=sum(load.values()),
    )


@router.post("/panels")
def define_panel(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    code: Annotated[Line, Form(max_length=30)],
    room: Annotated[Line, Form(max_length=100)],
    link: Annotated[Line, Form(max_length=300)],
    judges: Annotated[Lines, Form(max_length=4000)],
    programme: Annotated[Line, Form(max_length=40)] = "",
) -> Response:
    """Create or change a panel. Fields: `programme`, `code` (its name), `room`, `link` (https), `judges`: one per line
    with account, name, the employer's credit code and those of other linked firms, separated by blanks."""
    panel = actions.define_panel(
        uow,
        chosen_programme(uow.session, programme).code,
        code.strip(),
        room=room.strip(),
        link=link.strip(),
        judges=parse_judges(judges),
        actor=actor.account,
        now=now,
    )
    return done(
        request,
        "/scheduling/panels",
        t("已登记“{panel}”，评委 {count} 人。", panel=panel.code, count=len(panel.judges)),
    )


@router.post("/slots")
def define_slots(
    request: Request,
    actor: Scheduler,
    uow: Uow,
    now: Now,
    days: Annotated[Lines, Form(max_length=1000)],
    hours: Annotated[Lines, Form(max_length=200)],
    minutes: Annotated[int, Form(ge=1, le=600)],
    programme: Annotated[Line, Form(max_length=40)] = "",
) -> Response:
    """Cut half-days into slots. Fields: `programme`, `days` (2021-12-06 …), `hours` (08:30-12:00 13:30-18:00),
    `minutes` of one interview."""
    added = actions.define_slots(
        uow,
        chosen_programme(uow.session, programme).code,
        half_days=parse_half_days(days, hours),
        length=timedelta(minutes=minutes),
        actor=actor.account,
        now=now,
    )
    return done(request, "/scheduling/panels", t("新增 {count} 个时段。", count=added))


@router.post("/slots/{slot_id}/remove")
def remove_slot(request: Request, slot_id: UUID, actor: Scheduler, uow: Uow, now: Now) -> Response:
    """Remove a slot in which no one was booked. No fields."""
    actions.remove_slot(uow, slot_id, actor=actor.account, now=now)
    return done(request, "/scheduling/panels", "已删除该时段。")
