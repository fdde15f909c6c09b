"""The self-paid part when a programme is revised: what is owed then, and what becomes of money that came before. Called by
accounts.py and programmes.py.
"""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.billing.actions.ledger import post
from services.billing.actions.locking import lock_account
from services.billing.actions.settlement import settle
from services.billing.models import FeeAccount
from services.billing.queries.balances import allocated_fen, payments_of
from services.billing.rules.postings import Line
from services.billing.states import AccountState, LedgerAccount, TransactionKind
from shared.events.intake import Programme
from shared.persistence.unit_of_work import UnitOfWork


def revise_fees(uow: UnitOfWork, programme: Programme, *, actor: str, now: datetime) -> None:
    """Everybody who may still get a seat will owe what the programme says now. A fee that is due already does not move."""
    open_ones = select(FeeAccount.application_id).where(
        FeeAccount.programme == programme.code,
        col(FeeAccount.state).in_((AccountState.OPEN, AccountState.WAITING)),
        FeeAccount.expected_fen != programme.fee("self"),
    )
    for application_id in uow.session.exec(open_ones.order_by(col(FeeAccount.application_id))).all():
        account = lock_account(uow, application_id)
        set_fee(uow, account, programme.fee("self"), actor=actor, now=now)


def set_fee(uow: UnitOfWork, account: FeeAccount, fee_fen: int, *, actor: str, now: datetime) -> None:
    """What is paid is judged by the new amount -> FeePaid or FeePaymentReversed; what was paid beyond it is unapplied. The
    same amount again changes nothing."""
    if account.expected_fen == fee_fen:
        return
    account.expected_fen = fee_fen
    uow.session.add(account)
    uow.record("set_fee", str(account.application_id), actor=actor, now=now, details={"fen": fee_fen})
    uow.session.flush()
    _free_surplus(uow, account.application_id, fee_fen, actor=actor, now=now)
    settle(uow, [account.application_id], at=now, actor=actor, now=now)


def _free_surplus(uow: UnitOfWork, application_id: UUID, fee_fen: int, *, actor: str, now: datetime) -> None:
    """Takes from the newest entries first, as part of their decisions, so that undoing one undoes this too."""
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
