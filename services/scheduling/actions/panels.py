"""Panels and slots, which a scheduler enters before interviews can be booked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import select

from services.scheduling.actions.locking import lock_programme
from services.scheduling.errors import Unknown
from services.scheduling.models import Interview, Panel, Slot
from services.scheduling.rules.interviews.panels import HalfDay, JudgeEntry, check_panel, slot_times
from services.scheduling.states import BookingState
from shared.foundation.errors import Conflict
from shared.persistence.unit_of_work import UnitOfWork


def define_panel(
    uow: UnitOfWork,
    programme: str,
    code: str,
    *,
    room: str,
    link: str,
    judges: Sequence[JudgeEntry],
    actor: str,
    now: datetime,
) -> Panel:
    """Create a panel, or change it while no one is booked with it; a repeat changes nothing.

    A judge sits on one panel only, because every panel works in every slot. Raises Invalid and Conflict.
    """
    lock_programme(uow, programme)
    others = uow.session.exec(select(Panel).where(Panel.programme == programme, Panel.code != code)).all()
    seated = {judge["account"]: other.code for other in others for judge in other.judges}
    check_panel(code, room=room, link=link, judges=judges, seated=seated)
    entered = {"room": room, "link": link, "judges": [_judge_values(judge) for judge in judges]}
    row = uow.session.exec(select(Panel).where(Panel.programme == programme, Panel.code == code)).one_or_none()
    if row is not None and entered == row.model_dump(include=set(entered)):
        return row
    if row is not None and _is_booked(uow, row.id):
        raise Conflict(
            "“{code}”已有面试安排，不能更改；请先将这些面试改期到其他评审组。",
            code="panel-booked",
            values={"code": code},
        )
    panel_id = row.id if row else uuid4()
    kept = uow.session.merge(Panel.model_validate({"id": panel_id, "programme": programme, "code": code, **entered}))
    uow.session.flush()
    uow.record("define_panel", f"{programme}/{code}", actor=actor, now=now)
    return kept


def _judge_values(judge: JudgeEntry) -> dict[str, Any]:
    """Return a judge as stored in the row. Empty `linked_credit_codes` are omitted, as in rows from before the field
    existed."""
    values = vars(judge) | {"linked_credit_codes": list(judge.linked_credit_codes)}
    return {name: value for name, value in values.items() if value}


def define_slots(
    uow: UnitOfWork,
    programme: str,
    *,
    half_days: Sequence[HalfDay],
    length: timedelta,
    actor: str,
    now: datetime,
) -> int:
    """Cut the half-days into slots of `length` and keep existing ones. Returns the number of new slots.

    Raises Invalid for times that are past or overlap a slot of the programme.
    """
    lock_programme(uow, programme)
    known = uow.session.exec(select(Slot).where(Slot.programme == programme)).all()
    new_slots = slot_times(half_days, length, known=[(row.starts_at, row.ends_at) for row in known], now=now)
    for starts_at, ends_at in new_slots:
        uow.session.add(Slot(id=uuid4(), programme=programme, starts_at=starts_at, ends_at=ends_at))
    uow.session.flush()
    uow.record("define_slots", programme, actor=actor, now=now, details={"added": len(new_slots)})
    return len(new_slots)


def remove_slot(uow: UnitOfWork, slot_id: UUID, *, actor: str, now: datetime) -> None:
    """Remove a slot in which no one was ever booked. Raises Conflict otherwise."""
    row = uow.session.get(Slot, slot_id)
    if row is None:
        raise Unknown("面试时段")
    lock_programme(uow, row.programme)
    if uow.session.exec(select(Interview).where(Interview.slot_id == slot_id)).first():
        raise Conflict("该时段已有面试安排，不能删除；请先改期。", code="slot-booked")
    uow.session.delete(row)
    uow.record("remove_slot", str(slot_id), actor=actor, now=now)


def _is_booked(uow: UnitOfWork, panel_id: UUID) -> bool:
    current = select(Interview).where(Interview.panel_id == panel_id, Interview.state == BookingState.CURRENT)
    return uow.session.exec(current).first() is not None
