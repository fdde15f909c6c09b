"""Book an entry: out of suspense, to its accounts. Called by the import, by manual decisions, by rematching.

An entry is booked once. Only `unbook` makes a booking repeatable: a change is a counter-posting and a new booking.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.billing.actions.ledger.postings import lines_of, post
from services.billing.actions.ledger.settlement import settle
from services.billing.actions.locking import lock_entry
from services.billing.actions.refunds.approvals import (
    note_not_sent,
    note_sent,
    refunds_paid_by,
    refunds_sent_with,
    sources_of,
    withdraw_refund,
)
from services.billing.models import BankEntry, Refund, RefundSource
from services.billing.rules.matching.proposals import Outcome
from services.billing.rules.postings import Line, allocation, decision, to_account, undone
from services.billing.rules.statements.entries import Direction
from services.billing.states import (
    ENTRY_STEPS,
    ENTRY_TITLES,
    Decision,
    EntryState,
    LedgerAccount,
    RefundState,
    TransactionKind,
)
from shared.foundation.transitions import check_step
from shared.persistence.unit_of_work import UnitOfWork

AUTOMATIC = "rules"
"""`decided_by` of entries that the rules decided."""


def signed(entry: BankEntry) -> int:
    """Return fen, positive for a receipt."""
    return entry.amount_fen if entry.direction == Direction.CREDIT else -entry.amount_fen


def book_certain(uow: UnitOfWork, entry: BankEntry, *, actor: str, now: datetime) -> list[BankEntry]:
    """Book an entry that needs no person: a certain match, the bank's own bookings, a reversal, the debit of an
    approved refund, a bounced refund. Returns the changed entries, empty if a person must decide."""
    match Outcome(entry.outcome):
        case Outcome.AUTO:
            return book_allocation(
                uow,
                entry,
                entry.proposed_allocations,
                entry.proposed_unapplied_fen,
                by=AUTOMATIC,
                actor=actor,
                now=now,
            )
        case Outcome.IGNORE:
            return book_ignored(uow, entry, note=entry.reason, by=AUTOMATIC, actor=actor, now=now)
        case Outcome.REFUND_OUT:
            refunds = refunds_paid_by(uow, entry)
            return book_refund(uow, entry, refunds, by=AUTOMATIC, actor=actor, now=now) if refunds else []
        case Outcome.REVERSAL | Outcome.REFUND_BOUNCED if entry.counterpart_id:
            original = lock_entry(uow, entry.counterpart_id)
            return book_reversal(uow, entry, original, by=AUTOMATIC, actor=actor, now=now)
        case _:
            return []


def book_allocation(
    uow: UnitOfWork,
    entry: BankEntry,
    allocations: Mapping[str, int],
    unapplied_fen: int,
    *,
    by: str,
    actor: str,
    now: datetime,
    note: str = "",
) -> list[BankEntry]:
    """Book the entry to these fees. The rest is unapplied, and belongs to the application if only one is possible."""
    named = list(allocations) or entry.candidates
    owner = named[0] if len(named) == 1 else ""
    lines = allocation(allocations, unapplied_fen, owner)
    _book(uow, entry, Decision.ALLOCATED, lines, by=by, actor=actor, now=now, note=note)
    entry.allocations, entry.unapplied_fen = dict(allocations), unapplied_fen
    _settle(uow, lines, entry, actor=actor, now=now)
    return [entry]


def book_ignored(
    uow: UnitOfWork, entry: BankEntry, *, note: str, by: str, actor: str, now: datetime
) -> list[BankEntry]:
    """Book an entry that is unrelated to fees."""
    account = LedgerAccount.OTHER_INCOME if signed(entry) > 0 else LedgerAccount.BANK_FEES
    lines = to_account(account, signed(entry))
    _book(uow, entry, Decision.IGNORED, lines, by=by, actor=actor, now=now, note=note)
    entry.allocations, entry.unapplied_fen = {}, 0
    return [entry]


def book_refund(
    uow: UnitOfWork, entry: BankEntry, refunds: list[Refund], *, by: str, actor: str, now: datetime, note: str = ""
) -> list[BankEntry]:
    """Book a debit that pays approved refunds, whose amounts add up to its amount."""
    lines = note_sent(uow, refunds, entry, now=now)
    _book(uow, entry, Decision.REFUND, lines, by=by, actor=actor, now=now, note=note)
    entry.allocations, entry.unapplied_fen = _refunded_amounts(uow, refunds)
    _settle(uow, lines, entry, actor=actor, now=now)
    return [entry]


def _refunded_amounts(uow: UnitOfWork, refunds: Iterable[Refund]) -> tuple[dict[str, int], int]:
    """Return the amounts of refunds as matching uses them: from fees by application, and from unapplied money."""
    fees: dict[str, int] = {}
    unapplied_fen = 0
    for refund in refunds:
        for source in sources_of(uow, refund):
            unapplied_fen -= source.unapplied_fen
            if source.fee_fen:
                owner = str(refund.application_id)
                fees[owner] = fees.get(owner, 0) - source.fee_fen
    return fees, unapplied_fen


def book_reversal(
    uow: UnitOfWork, entry: BankEntry, original: BankEntry, *, by: str, actor: str, now: datetime, note: str = ""
) -> list[BankEntry]:
    """Book an entry by which the bank reversed or returned `original`: undo the original's movements. If the original
    is undecided, the two cancel out. Returns an empty list, for a person, if the original was reversed before or is
    itself a reversal."""
    if original.taken_back or original.decision in (Decision.REVERSAL, Decision.PAIRED, Decision.BOUNCE):
        return []
    kind = Decision.REVERSAL
    allocations, unapplied_fen = {app: -fen for app, fen in original.allocations.items()}, -original.unapplied_fen
    if original.state == EntryState.OPEN:
        kind = Decision.PAIRED
        lines = to_account(LedgerAccount.REVERSED, signed(entry))
        _book(uow, original, kind, to_account(LedgerAccount.REVERSED, signed(original)), by=by, actor=actor, now=now)
        original.allocations, original.unapplied_fen, allocations, unapplied_fen = {}, 0, {}, 0
    elif original.decision == Decision.IGNORED:
        account = LedgerAccount.OTHER_INCOME if signed(original) > 0 else LedgerAccount.BANK_FEES
        lines = to_account(account, signed(entry))
    elif original.decision == Decision.REFUND:
        kind = Decision.BOUNCE
        lines = note_not_sent(uow, refunds_sent_with(uow, original.id), bounced_with=entry)
    else:
        _withdraw_claims(uow, original, actor=actor, now=now)
        lines = undone(_decision_lines(uow, original))
    original.taken_back = True
    entry.counterpart_id = original.id
    _book(uow, entry, kind, lines, by=by, actor=actor, now=now, note=note)
    entry.allocations, entry.unapplied_fen = allocations, unapplied_fen
    uow.session.add(original)
    _settle(uow, lines, entry, actor=actor, now=now)
    return [original, entry]


def _withdraw_claims(uow: UnitOfWork, original: BankEntry, *, actor: str, now: datetime) -> None:
    """Withdraw refunds of money that the bank reversed. The remainder of such a refund is proposed again."""
    claims = (
        select(Refund)
        .join(RefundSource, col(RefundSource.refund_id) == col(Refund.id))
        .where(RefundSource.entry_id == original.id)
        .where(col(Refund.state).in_([RefundState.PROPOSED, RefundState.APPROVED]))
    )
    for refund in uow.session.exec(claims.order_by(col(Refund.number))).all():
        withdraw_refund(uow, refund, reason="原款已被银行冲正。", actor=actor, now=now)


def _decision_lines(uow: UnitOfWork, entry: BankEntry) -> list[Line]:
    """Return the lines that an entry's decision posted."""
    moved = lines_of(uow.session, entry.id, TransactionKind.DECISION, TransactionKind.UNDO)
    return [line for line in moved if line.account is not LedgerAccount.SUSPENSE]


def _book(
    uow: UnitOfWork,
    entry: BankEntry,
    kind: Decision,
    lines: Iterable[Line],
    *,
    by: str,
    actor: str,
    now: datetime,
    note: str = "",
) -> None:
    check_step(ENTRY_STEPS, EntryState(entry.state), EntryState.BOOKED, titles=ENTRY_TITLES)
    moved = decision(signed(entry), lines)
    post(uow, moved, kind=TransactionKind.DECISION, entry_id=entry.id, actor=actor, now=now, note=note)
    entry.state, entry.decision, entry.note, entry.undone = EntryState.BOOKED, kind, note, False
    entry.decided_by, entry.decided_at = by, now
    uow.session.add(entry)
    uow.session.flush()


def unbook(uow: UnitOfWork, entry: BankEntry, *, reason: str, actor: str, now: datetime) -> None:
    """Undo a decision by a counter-posting. The entry waits for a person again, and no rule books it automatically."""
    lines = _decision_lines(uow, entry)
    back = undone(decision(signed(entry), lines))
    check_step(ENTRY_STEPS, EntryState(entry.state), EntryState.OPEN, titles=ENTRY_TITLES)
    post(uow, back, kind=TransactionKind.UNDO, entry_id=entry.id, actor=actor, now=now, note=reason)
    entry.state, entry.decision, entry.note, entry.undone = EntryState.OPEN, "", reason, True
    entry.allocations, entry.unapplied_fen = {}, 0
    entry.decided_by, entry.decided_at = actor, now
    uow.session.add(entry)
    uow.session.flush()
    _settle(uow, lines, entry, actor=actor, now=now)


def _settle(uow: UnitOfWork, lines: Iterable[Line], entry: BankEntry, *, actor: str, now: datetime) -> None:
    uow.session.flush()
    settle(
        uow,
        {UUID(line.application_id) for line in lines if line.application_id},
        at=entry.booked_at,
        actor=actor,
        now=now,
    )
