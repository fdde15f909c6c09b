"""Match entries by the rules, in the bank's order, and book the certain ones.

Called by the import and its job, and when finance rematches open entries.
"""

from collections import Counter
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.billing.actions.ledger.postings import post_arrivals
from services.billing.actions.locking import lock_programmes_of_account, lock_statement
from services.billing.actions.matching.bookings import book_certain, signed
from services.billing.actions.matching.ledger_snapshot import LedgerSnapshot, load_snapshot
from services.billing.actions.statements.overdue import publish_overdue_fees
from services.billing.jobs import MatchEntries
from services.billing.models import BankEntry, ProgrammeRow, Statement
from services.billing.rules.matching.proposals import Outcome, Proposal
from services.billing.states import (
    ENTRY_STEPS,
    ENTRY_TITLES,
    STATEMENT_STEPS,
    STATEMENT_TITLES,
    EntryState,
    StatementState,
)
from shared.foundation.transitions import check_step
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork

BATCH = 1_000
"""Entries per transaction. On SQLite no other process can write during a batch."""


def match_entries(uow: UnitOfWork, statement_id: UUID, *, actor: str, now: datetime) -> int:
    """Match the next batch of a statement that is being imported, and enqueue a job for the rest. Returns the number of
    entries left. With the last batch the statement becomes imported, and its coverage counts. A repeat continues with
    the next batch."""
    statement = lock_statement(uow, statement_id)
    if statement.state != StatementState.IMPORTING:
        return 0
    waiting = (
        select(BankEntry)
        .where(BankEntry.statement_id == statement_id, BankEntry.state == EntryState.WAITING)
        .order_by(col(BankEntry.position))
    )
    batch = uow.session.exec(waiting.limit(BATCH)).all()
    snapshot = load_snapshot(uow.session, statement.account_number, statement_id)
    for entry in batch:
        _match_new(uow, snapshot, entry, actor=actor, now=now)
    uow.session.flush()
    arrived = [(entry.id, signed(entry)) for entry in batch if entry.state != EntryState.DUPLICATE]
    post_arrivals(uow, arrived, actor=actor, now=now)
    statement.matched_count += len(batch)
    uow.session.add(statement)
    left = statement.entries - statement.matched_count
    if left:
        enqueue(uow, MatchEntries(statement_id=statement_id, position=statement.matched_count))
    else:
        _finish(uow, statement, actor=actor, now=now)
    return left


def _match_new(uow: UnitOfWork, snapshot: LedgerSnapshot, entry: BankEntry, *, actor: str, now: datetime) -> None:
    store_proposal(entry, snapshot.match(entry))
    uow.session.add(entry)
    if entry.outcome == Outcome.DUPLICATE:
        _step(entry, EntryState.DUPLICATE)
        return
    _book_or_leave(uow, snapshot, entry, actor=actor, now=now)


def _book_or_leave(uow: UnitOfWork, snapshot: LedgerSnapshot, entry: BankEntry, *, actor: str, now: datetime) -> None:
    changed = book_certain(uow, entry, actor=actor, now=now)
    if not changed and entry.state == EntryState.WAITING:
        _step(entry, EntryState.OPEN)
        uow.session.add(entry)
    if not changed:
        entry.allocations, entry.unapplied_fen = dict(entry.proposed_allocations), entry.proposed_unapplied_fen
    for each in changed or [entry]:
        snapshot.add(each)


def store_proposal(entry: BankEntry, proposal: Proposal) -> None:
    """Store the rules' proposal in the row."""
    entry.outcome, entry.reason = proposal.outcome, proposal.reason
    entry.flags, entry.candidates = sorted(proposal.flags), list(proposal.candidates)
    entry.proposed_allocations = dict(proposal.allocations)
    entry.proposed_unapplied_fen = proposal.unapplied_fen
    entry.counterpart_id = UUID(proposal.counterpart_id) if proposal.counterpart_id else None


def _finish(uow: UnitOfWork, statement: Statement, *, actor: str, now: datetime) -> None:
    check_step(STATEMENT_STEPS, StatementState(statement.state), StatementState.IMPORTED, titles=STATEMENT_TITLES)
    statement.state, statement.imported_at = StatementState.IMPORTED, now
    uow.session.add(statement)
    uow.session.flush()
    outcomes = uow.session.exec(select(BankEntry.outcome).where(BankEntry.statement_id == statement.id)).all()
    details = {"outcomes": dict(Counter(outcomes)), "sha256": statement.sha256}
    uow.record("import_statement", str(statement.id), actor=actor, now=now, details=details)
    publish_overdue_fees(uow, actor=actor, now=now)


def rematch_open_entries(uow: UnitOfWork, *, actor: str, now: datetime) -> int:
    """Match every open entry again, in the bank's order, and book those that are certain now, except those whose
    decision a person undid. Returns the number booked."""
    booked = 0
    for account_number in sorted(set(uow.session.exec(select(ProgrammeRow.account_number)).all())):
        lock_programmes_of_account(uow, account_number)
        snapshot = load_snapshot(uow.session, account_number, None)
        entries = (
            select(BankEntry)
            .join(Statement, col(Statement.id) == col(BankEntry.statement_id))
            .where(Statement.account_number == account_number, BankEntry.state == EntryState.OPEN)
            .order_by(col(BankEntry.booked_at), col(BankEntry.position))
        )
        for entry in uow.session.exec(entries).all():
            if entry.undone:
                snapshot.add(entry)
            elif entry.state == EntryState.OPEN:
                booked += _rematch(uow, snapshot, entry, actor=actor, now=now)
    uow.record("rematch_open_entries", "bank_entry", actor=actor, now=now, details={"booked": booked})
    publish_overdue_fees(uow, actor=actor, now=now)
    return booked


def _rematch(uow: UnitOfWork, snapshot: LedgerSnapshot, entry: BankEntry, *, actor: str, now: datetime) -> bool:
    proposal = snapshot.match(entry)
    if proposal.outcome is Outcome.DUPLICATE:
        snapshot.add(entry)
        return False
    store_proposal(entry, proposal)
    _book_or_leave(uow, snapshot, entry, actor=actor, now=now)
    return entry.state == EntryState.BOOKED


def _step(entry: BankEntry, target: EntryState) -> None:
    check_step(ENTRY_STEPS, EntryState(entry.state), target, titles=ENTRY_TITLES)
    entry.state = target
