"""Approval of refunds by a second person, and their result in the bank's statement. Called by pages and bookings."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.billing.actions.ledger.postings import post
from services.billing.actions.ledger.settlement import settle
from services.billing.actions.locking import lock_account, lock_refund
from services.billing.models import BankEntry, ProgrammeRow, Refund, RefundSource, Statement
from services.billing.queries.balances import allocated_fen, refunded_fen
from services.billing.rules.postings import Line, to_account, undone
from services.billing.rules.refunding import Approved, is_payee, refunds_settled_by
from services.billing.states import REFUND_STEPS, REFUND_TITLES, LedgerAccount, RefundState, TransactionKind
from shared.events.billing import RefundSent
from shared.foundation.errors import Conflict, Forbidden, Invalid
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork


def approve_refunds(uow: UnitOfWork, refund_ids: Iterable[UUID], *, actor: str, now: datetime) -> list[Refund]:
    """Approve proposals, all or none: their money is now owed to the payer and pays no fee any more. A repeat for an
    approved refund changes nothing. Raises Forbidden for the person who proposed the refund or booked its money by
    hand."""
    refunds = [lock_refund(uow, refund_id) for refund_id in sorted(set(refund_ids))]
    if not refunds:
        raise Invalid("请至少选择一张退款单。", code="nothing-chosen")
    for refund in refunds:
        if refund.state != RefundState.APPROVED:
            _approve(uow, refund, actor=actor, now=now)
    return refunds


def _approve(uow: UnitOfWork, refund: Refund, *, actor: str, now: datetime) -> None:
    sources = sources_of(uow, refund)
    decided = select(BankEntry.decided_by).where(col(BankEntry.id).in_([source.entry_id for source in sources]))
    if actor in {refund.proposed_by, *uow.session.exec(decided).all()}:
        raise Forbidden(
            "退款单 {number} 由您提出，或其款项由您认领，须由另一位复核人批准。",
            code="second-person",
            values={"number": refund.number},
        )
    _step(refund, RefundState.APPROVED)
    fee_fen = sum(source.fee_fen for source in sources)
    if refund.application_id and fee_fen > allocated_fen(uow.session, refund.application_id):
        raise Conflict(
            "退款单 {number} 的款项已变动，请退回后重新提出。", code="refund-stale", values={"number": refund.number}
        )
    refund.approved_by, refund.approved_at = actor, now
    uow.session.add(refund)
    for source in sources:
        _post(uow, refund, source, _lines(refund, source), TransactionKind.REFUND_APPROVED, actor, now)
    uow.record("approve_refund", str(refund.id), actor=actor, now=now, details={"fen": refund.amount_fen})
    _settle(uow, refund, actor=actor, now=now)


def decline_refund(uow: UnitOfWork, refund_id: UUID, *, reason: str, actor: str, now: datetime) -> Refund:
    """Decline a proposal, or an approval that the bank has not executed. The money stays where it was, and an ordered
    refund counts as answered."""
    if not reason.strip():
        raise Invalid("请写明不退款的原因。", code="reason-missing")
    refund = lock_refund(uow, refund_id)
    if refund.application_id:
        account = lock_account(uow, refund.application_id)
        if account.refund_ordered_at:
            account.refund_ordered_at, account.refund_answered_at = None, now
            uow.session.add(account)
    withdraw_refund(uow, refund, reason=reason.strip(), actor=actor, now=now)
    _settle(uow, refund, actor=actor, now=now)
    uow.record("decline_refund", str(refund.id), actor=actor, now=now, details={"reason": reason.strip()})
    return refund


def withdraw_refund(uow: UnitOfWork, refund: Refund, *, reason: str, actor: str, now: datetime) -> None:
    """End a refund before the bank paid it. A counter-posting reverses an approval."""
    was_approved = refund.state == RefundState.APPROVED
    _step(refund, RefundState.DECLINED)
    refund.declined_because = reason
    uow.session.add(refund)
    for source in sources_of(uow, refund) if was_approved else ():
        _post(uow, refund, source, undone(_lines(refund, source)), TransactionKind.REFUND_WITHDRAWN, actor, now)
    uow.session.flush()


def _post(
    uow: UnitOfWork,
    refund: Refund,
    source: RefundSource,
    lines: Iterable[Line],
    kind: TransactionKind,
    actor: str,
    now: datetime,
) -> None:
    post(uow, lines, kind=kind, entry_id=source.entry_id, refund_id=refund.id, actor=actor, now=now)


def _lines(refund: Refund, source: RefundSource) -> tuple[Line, ...]:
    """Return the lines from the fee and the unapplied money of one entry to the amount owed to its payer."""
    owner = str(refund.application_id or "")
    return (
        Line(LedgerAccount.FEE, owner, source.fee_fen),
        Line(LedgerAccount.UNAPPLIED, str(source.unapplied_of or ""), source.unapplied_fen),
        Line(LedgerAccount.REFUNDS_PAYABLE, owner, -source.fee_fen - source.unapplied_fen),
    )


def refunds_paid_by(uow: UnitOfWork, entry: BankEntry) -> list[Refund]:
    """Return the approved refunds that a debit pays, by payee, amount and the applications it names; empty if none
    agree."""
    approved = _approved_for(uow, entry)
    applications = set(entry.proposed_allocations) or set(entry.candidates)
    ids = refunds_settled_by(
        entry.amount_fen,
        entry.counterparty_name,
        entry.account_index,
        entry.account_reliable,
        applications,
        [_as_approved(refund) for refund in approved],
    )
    return [refund for refund in approved if str(refund.id) in ids]


def _approved_for(uow: UnitOfWork, entry: BankEntry) -> list[Refund]:
    account_number = uow.session.get_one(Statement, entry.statement_id).account_number
    found = (
        select(Refund)
        .join(ProgrammeRow, col(ProgrammeRow.code) == col(Refund.programme))
        .where(ProgrammeRow.account_number == account_number, Refund.state == RefundState.APPROVED)
        .order_by(col(Refund.number))
    )
    return list(uow.session.exec(found).all())


def goes_to_payer(refund: Refund, entry: BankEntry) -> bool:
    """Return whether a debit went to the account, or the name, that the refund's money came from."""
    return is_payee(_as_approved(refund), entry.counterparty_name, entry.account_index, entry.account_reliable)


def _as_approved(refund: Refund) -> Approved:
    return Approved(
        refund_id=str(refund.id),
        application_id=str(refund.application_id or ""),
        payee=refund.payee_name,
        account_index=refund.account_index,
        account_reliable=refund.account_reliable,
        amount_fen=refund.amount_fen,
    )


def note_sent(uow: UnitOfWork, refunds: Sequence[Refund], entry: BankEntry, *, now: datetime) -> tuple[Line, ...]:
    """Mark the refunds as sent once a statement shows the debit, and publish RefundSent. Returns the lines of the
    entry's booking."""
    for refund in refunds:
        _step(refund, RefundState.SENT)
        refund.sent_entry_id, refund.sent_at = entry.id, entry.booked_at
        uow.session.add(refund)
        uow.session.flush()
        if refund.application_id:
            event = RefundSent(
                application_id=refund.application_id,
                programme=refund.programme,
                amount_fen=refund.amount_fen,
                sent_at=entry.booked_at,
                total_fen=refunded_fen(uow.session, refund.application_id),
            )
            uow.publish(event, now=now)
    return tuple(
        line
        for refund in refunds
        for line in to_account(LedgerAccount.REFUNDS_PAYABLE, -refund.amount_fen, str(refund.application_id or ""))
    )


def refunds_sent_with(uow: UnitOfWork, entry_id: UUID) -> list[Refund]:
    """Return the refunds that one debit paid."""
    return list(
        uow.session.exec(select(Refund).where(Refund.sent_entry_id == entry_id).order_by(col(Refund.number))).all()
    )


def refunds_bounced_with(uow: UnitOfWork, entry_id: UUID) -> list[Refund]:
    """Return the refunds that one credit returned."""
    found = select(Refund).where(Refund.bounced_entry_id == entry_id).order_by(col(Refund.number))
    return list(uow.session.exec(found).all())


def note_not_sent(
    uow: UnitOfWork, refunds: Sequence[Refund], *, bounced_with: BankEntry | None = None
) -> tuple[Line, ...]:
    """Return sent refunds to approved: the bank returned the money, or the debit's booking was undone. Returns the
    lines to post."""
    for refund in refunds:
        _step(refund, RefundState.APPROVED)
        refund.sent_entry_id, refund.sent_at = None, None
        if bounced_with is not None:
            refund.bounced_at, refund.bounced_entry_id = bounced_with.booked_at, bounced_with.id
        uow.session.add(refund)
    return tuple(
        line
        for refund in refunds
        for line in to_account(LedgerAccount.REFUNDS_PAYABLE, refund.amount_fen, str(refund.application_id or ""))
    )


def sources_of(uow: UnitOfWork, refund: Refund) -> list[RefundSource]:
    """Return the received entries that a refund comes from."""
    return list(uow.session.exec(select(RefundSource).where(RefundSource.refund_id == refund.id)).all())


def _settle(uow: UnitOfWork, refund: Refund, *, actor: str, now: datetime) -> None:
    uow.session.flush()
    if refund.application_id:
        settle(uow, [refund.application_id], at=now, actor=actor, now=now)


def _step(refund: Refund, target: RefundState) -> None:
    check_step(REFUND_STEPS, RefundState(refund.state), target, titles=REFUND_TITLES)
    refund.state = target
