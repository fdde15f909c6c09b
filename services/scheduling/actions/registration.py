"""The registrar's desk: check-in, fee waivers, access to full ID numbers."""

from datetime import datetime
from uuid import UUID

from services.scheduling.actions.locking import lock_student
from services.scheduling.actions.roster import step_student
from services.scheduling.models import FeeWaiver
from services.scheduling.queries.programmes import programme_of
from services.scheduling.rules.registration import Brought, check_registration, check_report_day
from services.scheduling.states import StudentState
from shared.adapters.keyring import KeyRing
from shared.events import Sealed
from shared.events.scheduling import StudentRegistered
from shared.foundation.errors import Conflict, Invalid
from shared.persistence.unit_of_work import UnitOfWork

SHORTEST_REASON = 4


def register_student(uow: UnitOfWork, application_id: UUID, brought: Brought, *, actor: str, now: datetime) -> None:
    """Register a person who brought everything (notice, clause 5.3) and publish StudentRegistered; a repeat changes
    nothing.

    Raises Conflict before the report day or for a person without a seat, and Invalid with every missing item.
    """
    row = lock_student(uow, application_id)
    if row.state == StudentState.REGISTERED:
        return
    check_report_day(programme_of(uow.session, row.programme).report_at, now=now)
    waiver = uow.session.get(FeeWaiver, application_id)
    step_student(row, StudentState.REGISTERED)
    check_registration(brought, paid=row.paid, waived=waiver is not None and waiver.confirmed_by is not None)
    row.registered_at = now
    uow.session.add(row)
    uow.record("register_student", str(application_id), actor=actor, now=now, details=vars(brought))
    uow.publish(
        StudentRegistered(application_id=application_id, programme=row.programme, registered_at=now),
        now=now,
    )


def request_fee_waiver(uow: UnitOfWork, application_id: UUID, reason: str, *, actor: str, now: datetime) -> None:
    """Request that a person be registered before the fee is paid, with a reason; another person must confirm."""
    row = lock_student(uow, application_id)
    check_reason(reason)
    if row.state != StudentState.EXPECTED or row.paid:
        raise Conflict("该学员已缴费或不在待报到名单中，无需缓缴。", code="waiver-not-needed")
    waiver = uow.session.get(FeeWaiver, application_id)
    if waiver is not None and waiver.confirmed_by:
        raise Conflict("缓缴已经确认，无需重复申请。", code="waiver-confirmed")
    waiver_request = FeeWaiver(
        application_id=application_id, reason=reason.strip(), requested_by=actor, requested_at=now
    )
    uow.session.merge(waiver_request)
    details = {"reason": waiver_request.reason}
    uow.record("request_fee_waiver", str(application_id), actor=actor, now=now, details=details)


def confirm_fee_waiver(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> None:
    """Confirm a waiver that another person requested; a repeat changes nothing."""
    lock_student(uow, application_id)
    waiver = uow.session.get(FeeWaiver, application_id)
    if waiver is None:
        raise Conflict("没有待确认的缓缴申请。", code="waiver-missing")
    if waiver.confirmed_by:
        return
    if waiver.requested_by == actor:
        raise Conflict("缓缴须由申请人以外的另一位工作人员确认。", code="second-person")
    waiver.confirmed_by, waiver.confirmed_at = actor, now
    uow.session.add(waiver)
    uow.record("confirm_fee_waiver", str(application_id), actor=actor, now=now)


def view_identity(
    uow: UnitOfWork, application_id: UUID, reason: str, *, actor: str, now: datetime, keys: KeyRing
) -> str:
    """Return the full ID number, to compare it with the document at the desk. Each access is audited with its
    reason."""
    row = lock_student(uow, application_id)
    check_reason(reason)
    uow.record("view_identity", str(application_id), actor=actor, now=now, details={"reason": reason.strip()})
    return keys.open("identity", Sealed.model_validate(row.identity))


def check_reason(reason: str) -> None:
    """Raise Invalid for a reason that is too short."""
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid("请写明理由（至少 {least} 个字）。", code="reason", values={"least": SHORTEST_REASON})
