"""The in-memory state that rules.matching compares entries of one own account with.

Allocations of an open proposal count as allocated, so a second payment is never booked to the same fee without a
person. Called by the import, its preview, and rematching.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlmodel import Session, col

from services.billing.models import BankEntry, FeeAccount, ProgrammeRow, Statement
from services.billing.rules.matching import proposals
from services.billing.rules.matching.names import comparable
from services.billing.rules.matching.proposals import Outcome, PriorEntry, Proposal
from services.billing.rules.matching.snapshot import propose
from services.billing.rules.statements.entries import Direction, Entry
from services.billing.states import AccountState, Decision, EntryState

_OUTCOMES = {Decision.REFUND: Outcome.REFUND_OUT, Decision.REVERSAL: Outcome.REVERSAL}
"""The outcome that a manual decision counts as, whatever the rules had proposed."""


class LedgerSnapshot:
    """Fee accounts and decided entries as plain values, indexed by the values that the rules compare. `statement_id`:
    the statement being matched. None rematches known entries; then no entry of another file is a duplicate."""

    def __init__(self, accounts: Iterable[FeeAccount], statement_id: UUID | None) -> None:
        self._statement_id = statement_id
        self._accounts = {str(account.application_id): _account_value(account) for account in accounts}
        self._prior: dict[UUID, PriorEntry] = {}
        self._by: dict[tuple[object, ...], dict[UUID, None]] = defaultdict(dict)

    def add(self, row: BankEntry | Row[Any]) -> None:
        """Add an entry in its present state, replacing an earlier version of it."""
        if row.id in self._prior:
            self._allocate(self._prior[row.id].allocations, -1)
        same_file = self._statement_id is None or row.statement_id == self._statement_id
        self._prior[row.id] = _prior_value(row, from_this_file=same_file)
        self._allocate(row.allocations, 1)
        for key in _keys(row):
            self._by[key][row.id] = None

    def match(self, row: BankEntry) -> Proposal:
        """Return the rules' proposal for an entry that was not added, or was added without allocations."""
        return propose(
            entry_of(row),
            fingerprint=row.fingerprint,
            accounts=list(self._accounts.values()),
            prior=[self._prior[entry_id] for entry_id in self._comparable(row)],
        )

    def _comparable(self, row: BankEntry) -> list[UUID]:
        """Return the entries that a rule may compare with this one, in booking order: the same booking, and the
        opposite direction of the same amount. For a debit also all entries of its payee and all with unapplied
        money."""
        is_credit = row.direction == Direction.CREDIT
        opposite = Direction.DEBIT if is_credit else Direction.CREDIT
        keys: list[tuple[object, ...]] = [*_keys(row)[:2], ("amount", opposite, row.amount_fen)]
        if not is_credit:
            keys += [*_keys(row)[3:5], ("unapplied",)]
        found = {entry_id for key in keys for entry_id in self._by.get(key, ()) if entry_id != row.id}
        return sorted(found, key=lambda entry_id: (self._prior[entry_id].booked_at, entry_id))

    def _allocate(self, allocations: Mapping[str, int], sign: int) -> None:
        for application_id, fen in allocations.items():
            account = self._accounts[application_id]
            self._accounts[application_id] = replace(account, allocated_fen=account.allocated_fen + sign * fen)


def load_snapshot(session: Session, account_number: str, statement_id: UUID | None) -> LedgerSnapshot:
    """Load the snapshot of one own account from the database. With `statement_id` None, open entries are left out
    because they are rematched."""
    accounts = select(FeeAccount).join(ProgrammeRow, col(ProgrammeRow.code) == col(FeeAccount.programme))
    snapshot = LedgerSnapshot(
        session.scalars(accounts.where(col(ProgrammeRow.account_number) == account_number)).all(), statement_id
    )
    states = [EntryState.BOOKED] if statement_id is None else [EntryState.BOOKED, EntryState.OPEN]
    decided = (
        select(*_COLUMNS)
        .join(Statement, col(Statement.id) == col(BankEntry.statement_id))
        .where(col(Statement.account_number) == account_number, col(BankEntry.state).in_(states))
    )
    for row in session.execute(decided.order_by(col(BankEntry.booked_at), col(BankEntry.position))):
        snapshot.add(row)
    return snapshot


_COLUMNS = tuple(
    col(column)
    for column in (
        BankEntry.id,
        BankEntry.statement_id,
        BankEntry.fingerprint,
        BankEntry.booked_at,
        BankEntry.direction,
        BankEntry.amount_fen,
        BankEntry.counterparty_name,
        BankEntry.account_index,
        BankEntry.account_reliable,
        BankEntry.outcome,
        BankEntry.decision,
        BankEntry.allocations,
        BankEntry.unapplied_fen,
        BankEntry.taken_back,
    )
)
"""The columns of earlier entries that the rules need. Not whole rows: there may be tens of thousands."""


def entry_of(row: BankEntry) -> Entry:
    """Convert a row to the rules' Entry. The counterparty's account is its keyed hash."""
    return Entry(
        line=row.line,
        booked_at=row.booked_at,
        direction=Direction(row.direction),
        amount_fen=row.amount_fen,
        counterparty_name=row.counterparty_name,
        counterparty_account=row.account_index,
        account_reliable=row.account_reliable,
        remark=row.remark,
        summary=row.summary,
        serial=row.serial,
        is_reversal=row.is_reversal,
        balance_fen=row.balance_fen,
    )


def _keys(row: BankEntry | Row[Any]) -> tuple[tuple[object, ...], ...]:
    keys: tuple[tuple[object, ...], ...] = (
        ("mark", row.fingerprint),
        ("second", row.booked_at.replace(microsecond=0), row.direction, row.amount_fen),
        ("amount", row.direction, row.amount_fen),
        ("name", comparable(row.counterparty_name)),
        ("account", row.account_index),
    )
    return (*keys, ("unapplied",)) if row.unapplied_fen else keys


def _prior_value(row: BankEntry | Row[Any], *, from_this_file: bool) -> PriorEntry:
    return PriorEntry(
        entry_id=str(row.id),
        fingerprint=row.fingerprint,
        booked_at=row.booked_at,
        direction=Direction(row.direction),
        amount_fen=row.amount_fen,
        counterparty_name=row.counterparty_name,
        counterparty_account=row.account_index if row.account_reliable else "",
        outcome=_OUTCOMES.get(Decision(row.decision), Outcome(row.outcome)) if row.decision else Outcome(row.outcome),
        allocations=dict(row.allocations),
        unapplied_fen=row.unapplied_fen,
        taken_back=row.taken_back,
        from_this_file=from_this_file,
    )


def _account_value(row: FeeAccount) -> proposals.FeeAccount:
    ended = row.state == AccountState.ENDED
    return proposals.FeeAccount(
        application_id=str(row.application_id),
        application_no=row.application_no,
        reference=row.reference,
        firm_name=row.firm_name,
        former_name=row.former_name,
        credit_code=row.credit_code,
        student_name=row.student_name,
        due_fen=row.expected_fen,
        allocated_fen=0,
        state=proposals.FeeState.REFUND_DUE if ended else proposals.FeeState.OPEN,
        pay_by=row.pay_by,
    )
