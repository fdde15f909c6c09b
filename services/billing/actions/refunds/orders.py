"""Propose refunds. Money returns to the account that paid it, never to another.

Called by settlement and pages; a second person approves (approvals.py).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from services.billing.actions.ledger.postings import lines_of
from services.billing.actions.locking import lock_account, lock_entry
from services.billing.actions.numbers import next_number
from services.billing.actions.refunds.closing import publish_refund_closed
from services.billing.models import BankEntry, FeeAccount, Refund, RefundSource, Statement
from services.billing.queries.balances import money_held, unapplied_of
from services.billing.rules.refunding import Held, by_paying_account
from services.billing.states import AccountState, LedgerAccount, RefundState, TransactionKind
from shared.foundation.errors import Conflict, Invalid
from shared.persistence.unit_of_work import UnitOfWork


def propose_refunds(uow: UnitOfWork, account: FeeAccount, *, actor: str, now: datetime) -> list[Refund]:
    """Propose one refund per account that paid for this application. Money already claimed is not claimed twice."""
    held = money_held(uow.session, account.application_id)
    return [
        _propose(uow, group, account=account, reason=account.refund_reason, actor=actor, now=now)
        for group in by_paying_account(held)
    ]


def propose_refund_of_entry(uow: UnitOfWork, entry_id: UUID, *, reason: str, actor: str, now: datetime) -> Refund:
    """Propose to refund the unapplied money of an entry, and its fee too if the application has ended. Raises Invalid
    without a reason, Conflict if nothing can be refunded."""
    if not reason.strip():
        raise Invalid("请写明退款原因。", code="reason-missing")
    entry = lock_entry(uow, entry_id)
    account = _sole_account(uow, entry)
    if account is not None and account.state == AccountState.ENDED:
        held = [each for each in money_held(uow.session, account.application_id) if each.entry_id == str(entry_id)]
    else:
        held = unapplied_of(uow.session, entry_id)
    groups = by_paying_account(held)
    if not groups:
        raise Conflict(
            "这笔流水没有可退的款项：已缴费的部分须先撤销，已列入退款单的部分不再重复。", code="nothing-to-refund"
        )
    refund = _propose(uow, groups[0], account=account, reason=reason.strip(), actor=actor, now=now)
    uow.record("propose_refund", str(refund.id), actor=actor, now=now, details={"entry": str(entry_id)})
    if account is not None:
        publish_refund_closed(uow, account, at=now, now=now)
    return refund


def _sole_account(uow: UnitOfWork, entry: BankEntry) -> FeeAccount | None:
    """Return the account of the only application that the entry's money belongs to, else None."""
    moved = lines_of(uow.session, entry.id, TransactionKind.DECISION, TransactionKind.UNDO)
    owners = {line.application_id for line in moved if line.application_id}
    return lock_account(uow, UUID(owners.pop())) if len(owners) == 1 else None


def _propose(
    uow: UnitOfWork, held: Sequence[Held], *, account: FeeAccount | None, reason: str, actor: str, now: datetime
) -> Refund:
    first = uow.session.get_one(BankEntry, UUID(held[0].entry_id))
    refund = Refund(
        id=uuid4(),
        number=next_number(uow, "TK", now=now),
        programme=account.programme if account else uow.session.get_one(Statement, first.statement_id).programme,
        application_id=account.application_id if account else None,
        payee_name=first.counterparty_name,
        payee_account=first.counterparty_account,
        account_index=first.account_index,
        account_reliable=first.account_reliable,
        amount_fen=sum(each.total_fen for each in held),
        reason=reason,
        state=RefundState.PROPOSED,
        proposed_by=actor,
        proposed_at=now,
    )
    uow.session.add(refund)
    uow.session.flush()
    for each in held:
        uow.session.add(
            RefundSource(
                refund_id=refund.id,
                entry_id=UUID(each.entry_id),
                fee_fen=each.fee_fen,
                unapplied_fen=each.unapplied_fen,
                unapplied_of=_owner_of_unapplied(uow, UUID(each.entry_id)) if each.unapplied_fen else None,
            )
        )
    uow.session.flush()
    return refund


def _owner_of_unapplied(uow: UnitOfWork, entry_id: UUID) -> UUID | None:
    moved = lines_of(uow.session, entry_id, TransactionKind.DECISION, TransactionKind.UNDO)
    owner = next((line.application_id for line in moved if line.account is LedgerAccount.UNAPPLIED), "")
    return UUID(owner) if owner else None
