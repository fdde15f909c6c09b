"""网上初审 (notice, clause 5.4.1): check that the scans are legible, stamped and true; pass, return or reject the
case."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from services.review.actions.locking import get_seat, lock_case, reload_programme, step_case
from services.review.actions.refunds import order_refund
from services.review.models import Case, ScanCheck
from services.review.queries import candidate, claim_of, current_checks, title_of_scan
from services.review.rules.checklist import Check, obstacles
from services.review.rules.deadlines import CORRECTION_DAYS, CROSSING, end_of_local_day
from services.review.states import CASE_TITLES, CaseState, SeatState
from shared.events import FileClaim, Sealed
from shared.events.review import ApplicationRejected, ApplicationReturned, ApplicationVerified, Defect
from shared.foundation.errors import Conflict, Invalid, Joined, Message, NotFound
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork

LATE = "未在期限内补正"


def check_scans(uow: UnitOfWork, case_id: UUID, checks: Mapping[str, Check], *, actor: str, now: datetime) -> None:
    """Record a reviewer's checks of the current revision's scans, by kind. A later check replaces an earlier one."""
    case = lock_case(uow, case_id)
    if case.state != CaseState.OPEN:
        state = Message(CASE_TITLES[CaseState(case.state)])
        raise Conflict("案卷为“{state}”，不能再核对扫描件。", code="state", values={"state": state})
    for item, check in checks.items():
        claim = claim_of(case, item)
        row = uow.session.get(ScanCheck, (case.id, case.revision, item)) or ScanCheck(
            case_id=case.id,
            revision=case.revision,
            item=item,
            verdict="",
            seal=False,
            sha256="",
            reviewer="",
            checked_at=now,
        )
        row.verdict, row.seal, row.sha256, row.reviewer, row.checked_at = (
            check.verdict,
            check.seal,
            claim.sha256,
            actor,
            now,
        )
        uow.session.add(row)
    details = {item: [check.verdict, check.seal] for item, check in checks.items()}
    uow.record("check_scans", str(case.id), actor=actor, now=now, details=details)


def pass_authenticity(uow: UnitOfWork, case_id: UUID, *, actor: str, now: datetime) -> None:
    """Mark an application as authentic and publish ApplicationVerified.

    Raises Conflict that lists everything missing, unless every scan is legible and stamped and the student has
    confirmed.
    """
    case = lock_case(uow, case_id)
    if case.state == CaseState.OPEN:
        programme = reload_programme(uow, case.programme)
        checks = current_checks(uow.session, case)
        if missing := obstacles(programme.required_scans, checks, consented=case.consented_at is not None):
            values = {"student": case.student_name, "missing": Joined(missing, "；")}
            raise Conflict("“{student}”还不能通过初审：{missing}。", code="not-checked", values=values)
    step_case(uow, case, CaseState.PASSED)
    case.decided_at, case.reason = now, ""
    uow.record("pass_authenticity", str(case.id), actor=actor, now=now)
    event = ApplicationVerified(
        application_id=case.id, programme=case.programme, verified_at=now, candidate=candidate(case)
    )
    uow.publish(event, now=now)


def return_for_correction(
    uow: UnitOfWork,
    case_id: UUID,
    defects: Sequence[tuple[str, str]],
    *,
    actor: str,
    now: datetime,
    correct_by: datetime | None = None,
) -> None:
    """Return a case for correction and publish ApplicationReturned. `defects` are all (item, reason) pairs.

    `correct_by` is an exclusive limit; the default is the end of the third local day after today.
    """
    case = lock_case(uow, case_id)
    named = [Defect(item=item.strip(), reason=reason.strip()) for item, reason in defects]
    if not named or not all(defect.item and defect.reason for defect in named):
        raise Invalid("请逐项写明需要补正的材料或栏目及原因。", code="defects")
    correct_by = correct_by or end_of_local_day(now, days=CORRECTION_DAYS)
    if correct_by <= now:
        raise Invalid("补正期限必须晚于现在。", code="correct-by")
    step_case(uow, case, CaseState.RETURNED)
    case.defects, case.correct_by = [defect.model_dump() for defect in named], correct_by
    uow.record("return_for_correction", str(case.id), actor=actor, now=now, details={"defects": len(named)})
    event = ApplicationReturned(
        application_id=case.id, programme=case.programme, defects=tuple(named), correct_by=correct_by
    )
    uow.publish(event, now=now)


def reject_application(uow: UnitOfWork, case_id: UUID, *, reason: str, actor: str, now: datetime) -> None:
    """Reject a case that is not authentic or whose student is barred, and publish ApplicationRejected and
    RefundOrdered.

    Also allowed after the case passed. Raises Conflict once a seat is held or waited for.
    """
    case = lock_case(uow, case_id)
    if len(reason.strip()) < 2:
        raise Invalid("请写明不通过的理由。", code="reason")
    seat = get_seat(uow, case)
    if seat and seat.state in (SeatState.HELD, SeatState.WAITING):
        raise Conflict("录取结果已发布，不能再作初审不通过处理；请在“录取名额”中办理。", code="seat-given")
    _reject(uow, case, reason.strip(), actor=actor, now=now)


def reject_uncorrected(uow: UnitOfWork, *, actor: str, now: datetime) -> None:
    """Reject returned cases whose correction is overdue. CROSSING leaves time for a correction accepted at the last
    minute."""
    late = select(Case).where(Case.state == CaseState.RETURNED, col(Case.correct_by) <= now - CROSSING)
    for case in uow.session.exec(for_update(late.order_by(col(Case.id)))).all():
        _reject(uow, case, LATE, actor=actor, now=now)


def _reject(uow: UnitOfWork, case: Case, reason: str, *, actor: str, now: datetime) -> None:
    step_case(uow, case, CaseState.REJECTED)
    case.reason, case.decided_at = reason, now
    uow.record("reject_application", str(case.id), actor=actor, now=now, details={"reason": reason})
    event = ApplicationRejected(application_id=case.id, programme=case.programme, reason=reason, rejected_at=now)
    uow.publish(event, now=now)
    order_refund(uow, case, f"初审不通过：{reason}", now=now)


def look_at_scan(
    uow: UnitOfWork, case_id: UUID, item: str, *, page: int | None = None, actor: str, now: datetime
) -> FileClaim:
    """Record that a person views a page of a scan (from 1), or takes the original file, and return its claim check.

    Commit before opening the file, so that the record exists even if opening fails. Raises NotFound.
    """
    case = lock_case(uow, case_id)
    scan = claim_of(case, item)
    if page is not None and not 1 <= page <= len(scan.pages):
        raise NotFound("这份扫描件没有这一页。", code="unknown-page")
    details: dict[str, Any] = {
        "item": title_of_scan(reload_programme(uow, case.programme), item),
        "sha256": scan.sha256,
        "page": page,
    }
    uow.record("look_at_scan", str(case.id), actor=actor, now=now, details=details)
    return scan if page is None else scan.page(page)


def look_at_identity(uow: UnitOfWork, case_id: UUID, *, reason: str, actor: str, now: datetime) -> Sealed:
    """Record that a person views the full ID number, with the reason, and return the sealed number. Commit before
    opening it, as in `look_at_scan`."""
    if len(reason.strip()) < 4:
        raise Invalid("请写明查看完整证件号码的事由（至少四个字）。", code="reason")
    case = lock_case(uow, case_id)
    uow.record("look_at_identity", str(case.id), actor=actor, now=now, details={"reason": reason.strip()})
    return candidate(case).identity
