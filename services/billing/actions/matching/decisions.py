"""Manual decisions on entries that the rules left open, and undoing a decision. Called by pages."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from services.billing.actions.locking import lock_account, lock_entry, lock_refund
from services.billing.actions.matching.bookings import (
    book_allocation,
    book_certain,
    book_ignored,
    book_refund,
    book_reversal,
    unbook,
)
from services.billing.actions.refunds.approvals import (
    goes_to_payer,
    note_not_sent,
    note_sent,
    refunds_bounced_with,
    refunds_paid_by,
    refunds_sent_with,
)
from services.billing.actions.statements.overdue import publish_overdue_fees
from services.billing.errors import EntryDecided
from services.billing.models import BankEntry, Statement
from services.billing.queries.balances import allocated_fen
from services.billing.queries.refunds import claims_on
from services.billing.rules.matching.proposals import Outcome
from services.billing.rules.statements.entries import Direction
from services.billing.states import Decision, EntryState
from shared.foundation.errors import Conflict, Invalid, Joined
from shared.foundation.money import yuan
from shared.persistence.unit_of_work import UnitOfWork


def confirm_proposals(uow: UnitOfWork, entry_ids: Sequence[UUID], *, actor: str, now: datetime) -> list[BankEntry]:
    """Book the suggestions of the rules, all or none. Raises Conflict if there is no suggestion, or it no longer
    fits."""
    if not entry_ids:
        raise Invalid("请至少选择一笔流水。", code="nothing-chosen")
    return [_confirm(uow, entry_id, actor=actor, now=now) for entry_id in sorted(set(entry_ids))]


def _confirm(uow: UnitOfWork, entry_id: UUID, *, actor: str, now: datetime) -> BankEntry:
    entry = _open_entry(uow, entry_id)
    if entry.outcome == Outcome.REFUND_OUT:
        refunds = refunds_paid_by(uow, entry)
        if not refunds:
            raise Conflict(
                "没有与这笔支出的收款人和金额一致、已批准的退款单。请先提出并复核退款，再确认。",
                code="no-approved-refund",
            )
        book_refund(uow, entry, refunds, by=actor, actor=actor, now=now)
    elif entry.outcome == Outcome.SUGGEST and (entry.proposed_allocations or entry.proposed_unapplied_fen):
        _check_outstanding(uow, entry.proposed_allocations)
        unapplied_fen = entry.proposed_unapplied_fen
        book_allocation(uow, entry, entry.proposed_allocations, unapplied_fen, by=actor, actor=actor, now=now)
    elif entry.outcome in (Outcome.AUTO, Outcome.IGNORE) and book_certain(uow, entry, actor=actor, now=now):
        entry.decided_by = actor
    else:
        raise Conflict("这笔流水没有可以直接确认的建议，请人工分配、暂挂或说明原因。", code="no-proposal")
    _record(uow, "confirm_proposal", entry, actor=actor, now=now)
    return entry


def assign_entry(
    uow: UnitOfWork, entry_id: UUID, allocations: Mapping[UUID, int], *, note: str, actor: str, now: datetime
) -> BankEntry:
    """Book a receipt to one or several applications by hand, amounts in fen; the rest is unapplied."""
    entry = _open_entry(uow, entry_id)
    if entry.direction != Direction.CREDIT:
        raise Conflict("这是一笔支出，不能作为缴费分配。", code="not-a-receipt")
    if not allocations or any(fen <= 0 for fen in allocations.values()):
        raise Invalid("请为每份报名填写大于零的金额。", code="allocation-amount")
    over_fen = entry.amount_fen - sum(allocations.values())
    if over_fen < 0:
        raise Invalid(
            "分配合计超出来款 {over} 元：来款 {amount} 元。",
            code="allocation-too-much",
            values={"over": yuan(-over_fen), "amount": yuan(entry.amount_fen)},
        )
    shares = {str(application_id): fen for application_id, fen in allocations.items()}
    _check_outstanding(uow, shares)
    book_allocation(uow, entry, shares, over_fen, by=actor, actor=actor, now=now, note=note)
    _record(uow, "assign_entry", entry, actor=actor, now=now)
    return entry


def put_to_unapplied(
    uow: UnitOfWork, entry_id: UUID, *, application_id: UUID | None, note: str, actor: str, now: datetime
) -> BankEntry:
    """Book a receipt as unapplied money, of one application if known: to be refunded or assigned later."""
    entry = _open_entry(uow, entry_id)
    if entry.direction != Direction.CREDIT:
        raise Conflict("这是一笔支出，不能暂挂。", code="not-a-receipt")
    entry.candidates = [str(lock_account(uow, application_id).application_id)] if application_id else []
    book_allocation(uow, entry, {}, entry.amount_fen, by=actor, actor=actor, now=now, note=note)
    _record(uow, "put_to_unapplied", entry, actor=actor, now=now)
    return entry


def ignore_entry(uow: UnitOfWork, entry_id: UUID, *, reason: str, actor: str, now: datetime) -> BankEntry:
    """Book an entry that is unrelated to fees. The reason is stored."""
    if not reason.strip():
        raise Invalid("请写明不予处理的原因。", code="reason-missing")
    entry = _open_entry(uow, entry_id)
    book_ignored(uow, entry, note=reason.strip(), by=actor, actor=actor, now=now)
    _record(uow, "ignore_entry", entry, actor=actor, now=now)
    return entry


def settle_refunds_by_hand(
    uow: UnitOfWork, entry_id: UUID, refund_ids: Sequence[UUID], *, note: str, actor: str, now: datetime
) -> BankEntry:
    """Book a debit without a refund remark to these approved refunds, whose amounts add up to its amount. A debit to
    another party than the payer needs a note with the reason."""
    entry = _open_entry(uow, entry_id)
    refunds = [lock_refund(uow, refund_id) for refund_id in sorted(set(refund_ids))]
    total_fen = sum(refund.amount_fen for refund in refunds)
    if entry.direction != Direction.DEBIT or total_fen != entry.amount_fen:
        raise Conflict(
            "所选退款单合计 {total} 元，与这笔支出 {amount} 元不一致。",
            code="refund-amount",
            values={"total": yuan(total_fen), "amount": yuan(entry.amount_fen)},
        )
    if not note.strip() and not all(goes_to_payer(refund, entry) for refund in refunds):
        raise Invalid("这笔支出的收款人不是原付款人，请写明依据。", code="payee-not-payer")
    book_refund(uow, entry, refunds, by=actor, actor=actor, now=now, note=note.strip())
    _record(uow, "settle_refunds_by_hand", entry, actor=actor, now=now)
    return entry


def pair_with_original(
    uow: UnitOfWork, entry_id: UUID, original_id: UUID, *, note: str, actor: str, now: datetime
) -> BankEntry:
    """Pair an open entry with an earlier one of the opposite direction and the same amount: a reversal or a bounced
    refund."""
    entry, original = _open_entry(uow, entry_id), lock_entry(uow, original_id)
    opposite = original.direction != entry.direction and original.amount_fen == entry.amount_fen
    known = original.state in (EntryState.OPEN, EntryState.BOOKED) and original.booked_at <= entry.booked_at
    accounts = {uow.session.get_one(Statement, row.statement_id).account_number for row in (entry, original)}
    if not (opposite and known and len(accounts) == 1):
        raise Conflict("原流水须是同一账户此前一笔方向相反、金额相同的流水。", code="no-original")
    if not book_reversal(uow, entry, original, by=actor, actor=actor, now=now, note=note):
        raise Conflict("原流水已被冲正或退回，不能再次对应。", code="original-taken-back")
    _record(uow, "pair_with_original", entry, actor=actor, now=now)
    return entry


def undo_decision(uow: UnitOfWork, entry_id: UUID, *, reason: str, actor: str, now: datetime) -> BankEntry:
    """Undo the decision on an entry by a counter-posting. The entry then waits for a person."""
    if not reason.strip():
        raise Invalid("请写明撤销的原因。", code="reason-missing")
    entry = lock_entry(uow, entry_id)
    if entry.state != EntryState.BOOKED:
        raise Conflict("这笔流水没有可撤销的处理。", code="nothing-to-undo")
    if entry.taken_back:
        raise Conflict("这笔流水已被银行冲正或退回，请先撤销对应的那一笔。", code="taken-back")
    if claims := claims_on(uow.session, entry_id):
        numbers = Joined([refund.number for refund in claims], "、")
        raise Conflict(
            "这笔款项已列入退款单 {numbers}，请先将退款单退回。", code="in-refund", values={"numbers": numbers}
        )
    _release(uow, entry, reason=reason.strip(), actor=actor, now=now)
    unbook(uow, entry, reason=reason.strip(), actor=actor, now=now)
    _record(uow, "undo_decision", entry, actor=actor, now=now)
    return entry


def _release(uow: UnitOfWork, entry: BankEntry, *, reason: str, actor: str, now: datetime) -> None:
    """Undo the effects of the decision on other rows."""
    if entry.decision == Decision.REFUND:
        note_not_sent(uow, refunds_sent_with(uow, entry.id))
    if entry.decision not in (Decision.REVERSAL, Decision.PAIRED, Decision.BOUNCE) or entry.counterpart_id is None:
        return
    original = lock_entry(uow, entry.counterpart_id)
    original.taken_back = False
    uow.session.add(original)
    if entry.decision == Decision.PAIRED:
        unbook(uow, original, reason=reason, actor=actor, now=now)
    if entry.decision == Decision.BOUNCE:
        bounced = refunds_bounced_with(uow, entry.id)
        if not bounced:
            raise Conflict("退款单此后又退出并再次退汇，请先撤销后面的处理。", code="bounced-again")
        note_sent(uow, bounced, original, now=now)
        for refund in bounced:
            refund.bounced_at = refund.bounced_entry_id = None


def _open_entry(uow: UnitOfWork, entry_id: UUID) -> BankEntry:
    entry = lock_entry(uow, entry_id)
    if entry.state != EntryState.OPEN:
        raise EntryDecided
    return entry


def _check_outstanding(uow: UnitOfWork, allocations: Mapping[str, int]) -> None:
    for application_id, fen in allocations.items():
        account = lock_account(uow, UUID(application_id))
        outstanding_fen = account.expected_fen - allocated_fen(uow.session, account.application_id)
        if fen > outstanding_fen:
            raise Conflict(
                "{student}（{number}）只差 {room} 元，不能分配 {amount} 元；请重新匹配或将多出部分暂挂。",
                code="fee-full",
                values={
                    "student": account.student_name,
                    "number": account.application_no,
                    "room": yuan(max(outstanding_fen, 0)),
                    "amount": yuan(fen),
                },
            )


def _record(uow: UnitOfWork, action: str, entry: BankEntry, *, actor: str, now: datetime) -> None:
    details = {"fen": entry.amount_fen, "decision": entry.decision, "note": entry.note}
    uow.record(action, str(entry.id), actor=actor, now=now, details=details)
    publish_overdue_fees(uow, actor=actor, now=now)
