"""The self-paid fee when a programme is revised: the new amount, and money received before. Called by accounts.py and
programmes.py.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.billing.actions.ledger.postings import post
from services.billing.actions.ledger.settlement import settle
from services.billing.actions.locking import lock_account
from services.billing.models import FeeAccount
from services.billing.queries.balances import allocated_fen, payments_of
from services.billing.rules.postings import Line
from services.billing.states import AccountState, LedgerAccount, TransactionKind
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def revise_fees(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Set the revised fee on every account that may still get a seat. A fee that is already due does not change."""
    not_due = select(FeeAccount.application_id).where(
        FeeAccount.programme == programme.code,
        col(FeeAccount.state).in_((AccountState.OPEN, AccountState.WAITING)),
        FeeAccount.expected_fen != programme.fee("self"),
    )
    for application_id in uow.session.exec(not_due.order_by(col(FeeAccount.application_id))).all():
        account = lock_account(uow, application_id)
        set_fee(uow, account, programme.fee("self"), actor=actor, now=now)


def set_fee(uow: UnitOfWork, account: FeeAccount, fee_fen: int, *, actor: str, now: datetime) -> None:
    """Set the fee, compare the payments with it and publish FeePaid or FeePaymentReversed. Money beyond it becomes
    unapplied. The same amount again changes nothing."""
    if account.expected_fen == fee_fen:
        return
    account.expected_fen = fee_fen
    uow.session.add(account)
    uow.record("set_fee", str(account.application_id), actor=actor, now=now, details={"fen": fee_fen})
    uow.session.flush()
    _free_surplus(uow, account.application_id, fee_fen, actor=actor, now=now)
    settle(uow, [account.application_id], at=now, actor=actor, now=now)


def _free_surplus(uow: UnitOfWork, application_id: UUID, fee_fen: int, *, actor: str, now: datetime) -> None:
    """Move the surplus to unapplied, newest entries first, as part of their decisions: undoing a decision undoes this
    too."""
    surplus_fen = allocated_fen(uow.session, application_id) - fee_fen
    for entry, paid_fen in reversed(payments_of(uow.session, application_id)):
        freed_fen = min(surplus_fen, paid_fen)
        if freed_fen <= 0:
            return
        fee = Line(LedgerAccount.FEE, str(application_id), freed_fen)
        unapplied = Line(LedgerAccount.UNAPPLIED, str(application_id), -freed_fen)
        kind = TransactionKind.DECISION
        post(uow, (fee, unapplied), kind=kind, entry_id=entry.id, actor=actor, now=now, note="费用标准调低")
        entry.allocations = entry.allocations | {str(application_id): paid_fen - freed_fen}
        entry.unapplied_fen += freed_fen
        uow.session.add(entry)
        uow.session.flush()
        surplus_fen -= freed_fen
