"""Fee accounts and their state, as intake and review decide it. Called by handlers.py.

The newest event of each source and subject decides, in any order of the services. A repeat changes nothing.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import select

from services.billing.actions.ledger.fees import set_fee
from services.billing.actions.ledger.postings import post
from services.billing.actions.ledger.settlement import request_documents, settle
from services.billing.actions.locking import lock_account_for_event, lock_programme
from services.billing.actions.refunds.closing import publish_refund_closed
from services.billing.models import FeeAccount, SubsidyLine
from services.billing.rules.postings import Line
from services.billing.states import AccountState, LedgerAccount, TransactionKind
from shared.events.intake import ApplicationSubmitted, Programme
from shared.events.review import StudentAdmitted
from shared.persistence.unit_of_work import UnitOfWork


def open_fee_account(uow: UnitOfWork, event: ApplicationSubmitted, *, actor: str, now: datetime) -> None:
    """Open an application's account with the self-paid amount expected but not yet due (notice, clause 4), or update it
    from a newer revision. Raises OutOfOrder before the programme is known."""
    programme = Programme.model_validate(lock_programme(uow, event.programme).data)
    row = uow.session.get(FeeAccount, event.application_id)
    if row is not None and row.revision >= event.revision:
        return
    copied: dict[str, Any] = {
        "revision": event.revision,
        "student_name": event.student.name,
        "firm_name": event.firm.name,
        "former_name": event.firm.former_name or "",
        "credit_code": event.firm.credit_code,
        "email": event.student.email.model_dump(),
        "invoice_title": event.invoice.title,
        "invoice_tax_number": event.invoice.tax_number,
        "invoice_kind": event.invoice.kind,
    }
    if row is None:
        row = FeeAccount(
            application_id=event.application_id,
            programme=event.programme,
            application_no=event.application_no,
            reference=event.payment_reference,
            expected_fen=programme.fee("self"),
            state=AccountState.OPEN,
            submitted_at=event.submitted_at,
            **copied,
        )
    for name, value in copied.items():
        setattr(row, name, value)
    uow.session.add(row)
    uow.record("open_fee_account", str(row.application_id), actor=actor, now=now)


def note_withdrawal(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> None:
    """Record that the application was withdrawn. If a seat is held meanwhile, review releases it, so the fee stays
    due."""
    account = lock_account_for_event(uow, application_id)
    if account.state != AccountState.DUE:
        _end(uow, account, "withdrawn", actor=actor, now=now)


def end_account(uow: UnitOfWork, application_id: UUID, because: str, *, actor: str, now: datetime) -> None:
    """End the account after a rejection, non-selection or released seat: nothing is due any more. Cancels the subsidy
    lines of a released seat."""
    account = lock_account_for_event(uow, application_id)
    for line in uow.session.exec(select(SubsidyLine).where(SubsidyLine.application_id == application_id)).all():
        _set_subsidy(uow, line, cancelled=True, actor=actor, now=now)
    _end(uow, account, because, actor=actor, now=now)


def _end(uow: UnitOfWork, account: FeeAccount, because: str, *, actor: str, now: datetime) -> None:
    account.state, account.ended_because = AccountState.ENDED, because
    account.pay_by = account.admitted_at = None
    uow.session.add(account)
    publish_refund_closed(uow, account, at=now, now=now)
    details = {"because": because}
    uow.record("end_fee_account", str(account.application_id), actor=actor, now=now, details=details)


def hold_for_waiting_list(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> None:
    """Hold the money of a waitlisted person until the list closes. An ended application stays ended."""
    account = lock_account_for_event(uow, application_id)
    if account.state == AccountState.ENDED:
        return
    account.state = AccountState.WAITING
    uow.session.add(account)
    uow.record("hold_for_waiting_list", str(application_id), actor=actor, now=now)


def make_fee_due(uow: UnitOfWork, event: StudentAdmitted, *, actor: str, now: datetime) -> None:
    """A seat is held: make the self-paid part due by `pay_by`, and claim the other lines of clause 4 for their payee.
    The amounts are those of the admission, even if a programme revision arrives before or after it."""
    account = lock_account_for_event(uow, event.application_id)
    if account.state == AccountState.DUE and account.pay_by == event.pay_by:
        return
    account.state, account.ended_because = AccountState.DUE, ""
    account.admitted_at, account.pay_by, account.overdue_at = event.admitted_at, event.pay_by, None
    account.refund_ordered_at = account.refund_answered_at = None
    uow.session.add(account)
    publish_refund_closed(uow, account, at=now, now=now)
    programme = Programme.model_validate(lock_programme(uow, account.programme).data)
    fees = {fee.code: fee for fee in event.fee_lines or programme.fee_lines}
    was_paid = account.paid_at is not None
    set_fee(uow, account, fees.pop("self").amount_fen, actor=actor, now=now)
    for fee in fees.values():
        line = uow.session.get(SubsidyLine, (account.application_id, fee.code)) or SubsidyLine(
            application_id=account.application_id,
            code=fee.code,
            title=fee.title,
            payee=fee.payee,
            amount_fen=fee.amount_fen,
            cancelled=True,
            changed_at=now,
        )
        _set_subsidy(uow, line, cancelled=False, actor=actor, now=now)
    uow.record("make_fee_due", str(account.application_id), actor=actor, now=now)
    uow.session.flush()
    if was_paid:
        request_documents(uow, account, actor=actor, now=now)


def _set_subsidy(uow: UnitOfWork, line: SubsidyLine, *, cancelled: bool, actor: str, now: datetime) -> None:
    """Add or cancel a claim, in memo accounts that hold no money of the institution."""
    if line.cancelled == cancelled:
        return
    line.cancelled, line.changed_at = cancelled, now
    uow.session.add(line)
    claimed_fen = -line.amount_fen if cancelled else line.amount_fen
    claim = Line(LedgerAccount.SUBSIDY_CLAIM, str(line.application_id), claimed_fen)
    memo = Line(LedgerAccount.SUBSIDY_MEMO, str(line.application_id), -claimed_fen)
    post(uow, (claim, memo), kind=TransactionKind.SUBSIDY, actor=actor, now=now, note=line.title)


def order_refund(uow: UnitOfWork, application_id: UUID, reason: str, *, actor: str, now: datetime) -> None:
    """Propose to refund to the paying account all that was paid for this application, now or later. A repeat proposes
    nothing twice."""
    account = lock_account_for_event(uow, application_id)
    account.refund_ordered_at, account.refund_reason = account.refund_ordered_at or now, reason
    account.refund_answered_at = None
    uow.session.add(account)
    uow.record("order_refund", str(application_id), actor=actor, now=now, details={"reason": reason})
    uow.session.flush()
    settle(uow, [application_id], at=now, actor=actor, now=now)
