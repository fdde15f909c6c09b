"""Queries on bank entries and statements: open work and its reasons. Called by pages and api."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, func, select

from services.billing.errors import UnknownEntry, UnknownStatement
from services.billing.models import BankEntry, FeeAccount, Refund, Statement
from services.billing.queries.accounts import accounts_by_id
from services.billing.queries.balances import allocated_fen, entries_with_unapplied
from services.billing.rules.statements.entries import Direction
from services.billing.states import EntryState, RefundState

MOST = 200
"""Maximum number of work items on a page."""


def entry_of(session: Session, entry_id: UUID) -> BankEntry:
    """Return one bank entry. Raises UnknownEntry."""
    row = session.get(BankEntry, entry_id)
    if row is None:
        raise UnknownEntry
    return row


def statement_of(session: Session, statement_id: UUID) -> Statement:
    """Return one statement. Raises UnknownStatement."""
    row = session.get(Statement, statement_id)
    if row is None:
        raise UnknownStatement
    return row


def statements(session: Session) -> list[Statement]:
    """Return every statement, the newest period first."""
    return list(session.exec(select(Statement).order_by(col(Statement.covers_from).desc())).all())


def entries_of(session: Session, statement_id: UUID, *, outcome: str = "") -> list[BankEntry]:
    """Return at most 1,000 entries of a statement in the bank's order, optionally of one outcome."""
    found = select(BankEntry).where(BankEntry.statement_id == statement_id).order_by(col(BankEntry.position))
    return list(session.exec((found.where(BankEntry.outcome == outcome) if outcome else found).limit(1_000)).all())


def outcomes_of(session: Session, statement_id: UUID) -> dict[str, int]:
    """Count the entries of a statement by outcome."""
    counted = select(BankEntry.outcome, func.count()).where(BankEntry.statement_id == statement_id)
    return dict(session.exec(counted.group_by(BankEntry.outcome)).all())


@dataclass(frozen=True)
class WorkItem:
    """An open entry, the accounts that its proposal or its candidates name, and whether one click settles it."""

    entry: BankEntry
    shares: tuple[tuple[FeeAccount, int], ...]
    candidates: tuple[FeeAccount, ...]

    @property
    def is_confirmable(self) -> bool:
        proposes = self.entry.proposed_allocations or self.entry.proposed_unapplied_fen
        return self.entry.outcome == "REFUND_OUT" or (self.entry.outcome == "SUGGEST" and bool(proposes))


def open_entries(session: Session) -> list[WorkItem]:
    """Return at most `MOST` open entries, the longest waiting first."""
    found = select(BankEntry).where(BankEntry.state == EntryState.OPEN)
    rows = session.exec(found.order_by(col(BankEntry.booked_at), col(BankEntry.position)).limit(MOST)).all()
    return _items(session, list(rows))


def work_item(session: Session, entry: BankEntry) -> WorkItem:
    """Return one entry with the accounts that it names."""
    return _items(session, [entry])[0]


def _items(session: Session, rows: list[BankEntry]) -> list[WorkItem]:
    accounts = accounts_by_id(session)
    return [
        WorkItem(
            row,
            tuple((accounts[app], fen) for app, fen in row.proposed_allocations.items() if app in accounts),
            tuple(accounts[app] for app in row.candidates if app in accounts),
        )
        for row in rows
    ]


def unapplied_entries(session: Session) -> list[tuple[BankEntry, int]]:
    """Return receipts with the amount that pays nothing and that no refund claims, the longest waiting first."""
    left = entries_with_unapplied(session)
    rows = session.exec(select(BankEntry).where(col(BankEntry.id).in_(left)).order_by(col(BankEntry.booked_at))).all()
    return [(row, left[row.id]) for row in rows]


@dataclass(frozen=True)
class Choices:
    """Choices for a manual decision on one entry; fees with their outstanding amount."""

    fees: tuple[tuple[FeeAccount, int], ...]
    originals: tuple[BankEntry, ...]
    refunds: tuple[Refund, ...]


def choices_for(session: Session, item: WorkItem) -> Choices:
    """Return the candidates' outstanding fees for a receipt, entries that this one may reverse, approved refunds for a
    debit."""
    entry = item.entry
    named = dict.fromkeys([account.application_id for account, _ in item.shares])
    named |= dict.fromkeys(account.application_id for account in item.candidates)
    by_id = {account.application_id: account for account in (*(a for a, _ in item.shares), *item.candidates)}
    fees = tuple((by_id[key], max(by_id[key].expected_fen - allocated_fen(session, key), 0)) for key in named)
    opposite = Direction.DEBIT if entry.direction == Direction.CREDIT else Direction.CREDIT
    originals = (
        select(BankEntry)
        .where(BankEntry.direction == opposite, BankEntry.amount_fen == entry.amount_fen)
        .where(col(BankEntry.state).in_([EntryState.OPEN, EntryState.BOOKED]), col(BankEntry.taken_back).is_(False))
        .where(col(BankEntry.booked_at) <= entry.booked_at)
        .order_by(col(BankEntry.booked_at).desc())
        .limit(20)
    )
    approved = select(Refund).where(Refund.state == RefundState.APPROVED).order_by(col(Refund.number))
    is_debit = entry.direction == Direction.DEBIT
    return Choices(
        fees=fees if not is_debit else (),
        originals=tuple(session.exec(originals).all()),
        refunds=tuple(session.exec(approved).all()) if is_debit else (),
    )
