"""Teachers, venues and the working calendar, which a scheduler enters before a plan can be drafted."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from sqlmodel import select

from services.scheduling.models import CalendarEdit, Teacher, Venue
from services.scheduling.rules.calendar import DayKind
from services.scheduling.rules.plan.values import TeacherKind, VenueKind
from shared.foundation.errors import FieldError, Invalid, Joined, Message
from shared.persistence.unit_of_work import UnitOfWork


def define_teacher(
    uow: UnitOfWork,
    name: str,
    *,
    title: str,
    kind: str,
    regions: Sequence[str],
    unavailable: Sequence[date] = (),
    actor: str,
    now: datetime,
) -> Teacher:
    """Create a teacher, or change the one with this name and title. Applies from the next plan on."""
    check_entry(
        name=(name, Message("姓名")),
        title=(title, Message("职务或单位")),
        kind=(kind in set(TeacherKind), Message("类别")),
        regions=(regions, Message("授课地区")),
    )
    row = uow.session.exec(select(Teacher).where(Teacher.name == name, Teacher.title == title)).one_or_none()
    entered = Teacher(
        id=row.id if row else uuid4(),
        name=name,
        title=title,
        kind=kind,
        regions=sorted(set(regions)),
        unavailable=_days(unavailable),
    )
    row = uow.session.merge(entered)
    uow.session.flush()
    uow.record("define_teacher", str(row.id), actor=actor, now=now, details={"name": name})
    return row


def define_venue(
    uow: UnitOfWork,
    name: str,
    *,
    region: str,
    kind: str,
    works_saturdays: bool = False,
    works_sundays: bool = False,
    unavailable: Sequence[date] = (),
    actor: str,
    now: datetime,
) -> Venue:
    """Create a venue (a classroom or a firm that receives the class), or change the one with this name."""
    check_entry(
        name=(name, Message("名称")),
        region=(region, Message("所在地区")),
        kind=(kind in set(VenueKind), Message("类别")),
    )
    row = uow.session.exec(select(Venue).where(Venue.name == name)).one_or_none()
    entered = Venue(
        id=row.id if row else uuid4(),
        name=name,
        region=region,
        kind=kind,
        works_saturdays=works_saturdays,
        works_sundays=works_sundays,
        unavailable=_days(unavailable),
    )
    row = uow.session.merge(entered)
    uow.session.flush()
    uow.record("define_venue", str(row.id), actor=actor, now=now, details={"name": name})
    return row


def set_calendar_day(uow: UnitOfWork, on: date, *, kind: str, holiday: str = "", actor: str, now: datetime) -> None:
    """Change one day of the working calendar, for plans drafted from now on; a repeat replaces it."""
    check_entry(kind=(kind in set(DayKind), Message("日期类别")))
    uow.session.merge(CalendarEdit(on=on, kind=kind, holiday=holiday.strip()))
    uow.record("set_calendar_day", on.isoformat(), actor=actor, now=now, details={"kind": kind})


def check_entry(**entries: tuple[object, Message]) -> None:
    """Raise Invalid that names, by its Chinese title, each field that is empty or not a valid choice."""
    field_errors = [
        FieldError(field, "missing", "请填写{title}", {"title": title})
        for field, (value, title) in entries.items()
        if not value
    ]
    if field_errors:
        raise Invalid(
            "{faults}。", code="incomplete", field_errors=field_errors, values={"faults": Joined(field_errors, "；")}
        )


def _days(days: Sequence[date]) -> list[str]:
    return [day.isoformat() for day in sorted(set(days))]
