"""Consequences of a change to an application's money or state.

These are FeePaid, its reversal, FeeOverdue, due documents, red letters, ordered refunds and their closing. Called by
billing's other actions.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import select

from services.billing.actions.invoices.red_letters import update_red_letters
from services.billing.actions.invoices.requests import is_payable, request_invoices
from services.billing.actions.locking import lock_account
from services.billing.actions.numbers import next_number
from services.billing.actions.refunds.closing import publish_refund_closed
from services.billing.actions.refunds.orders import propose_refunds
from services.billing.jobs import WriteReceipt
from services.billing.models import Document, FeeAccount
from services.billing.queries.balances import allocated_fen, booked_before, completed_at
from services.billing.states import AccountState, DocumentKind
from shared.events.billing import FeeOverdue, FeePaid, FeePaymentReversed
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def settle(uow: UnitOfWork, application_ids: Iterable[UUID], *, at: datetime, actor: str, now: datetime) -> None:
    """Publish what the ledger now means for these applications. `at` is the bank's time of the change. A repeat
    publishes nothing new."""
    for application_id in sorted(set(application_ids)):
        account = lock_account(uow, application_id)
        is_newly_paid = _publish_payment(uow, account, at=at, actor=actor, now=now)
        update_red_letters(uow, application_id, actor=actor, now=now)
        if is_newly_paid:
            request_documents(uow, account, actor=actor, now=now)
        if account.refund_ordered_at:
            propose_refunds(uow, account, actor=actor, now=now)
        publish_refund_closed(uow, account, at=at, now=now)


def _publish_payment(uow: UnitOfWork, account: FeeAccount, *, at: datetime, actor: str, now: datetime) -> bool:
    """Publish FeePaid or FeePaymentReversed if the state changed. Returns whether the fee has just become paid."""
    paid_fen = allocated_fen(uow.session, account.application_id)
    fields = {"application_id": account.application_id, "programme": account.programme, "paid_fen": paid_fen}
    if paid_fen >= account.expected_fen and account.paid_at is None:
        account.paid_at = completed_at(uow.session, account)
        if account.state == AccountState.DUE and account.pay_by and account.paid_at >= account.pay_by:
            publish_overdue(uow, account, covered_until=account.paid_at, actor=actor, now=now)
        uow.session.add(account)
        uow.publish(FeePaid(**fields, paid_at=account.paid_at), now=now)
        return True
    if paid_fen < account.expected_fen and account.paid_at is not None:
        account.paid_at = None
        uow.session.add(account)
        uow.publish(FeePaymentReversed(**fields, reversed_at=at), now=now)
    return False


def publish_overdue(
    uow: UnitOfWork, account: FeeAccount, *, covered_until: datetime, actor: str, now: datetime
) -> None:
    """Publish FeeOverdue with the amount paid in time, once per deadline."""
    if account.overdue_at is not None or account.pay_by is None:
        return
    account.overdue_at = now
    uow.session.add(account)
    event = FeeOverdue(
        application_id=account.application_id,
        programme=account.programme,
        paid_fen=booked_before(uow.session, account.application_id, account.pay_by),
        pay_by=account.pay_by,
        covered_until=covered_until,
    )
    uow.publish(event, now=now)
    uow.record("say_overdue", str(account.application_id), actor=actor, now=now)


def request_documents(uow: UnitOfWork, account: FeeAccount, *, actor: str, now: datetime) -> None:
    """Make receipt, invoice request and invoice due once the person is admitted and has paid. Called at the admission
    and at the payment; documents sent before are not written again."""
    if not is_payable(account):
        return
    query = select(Document).where(
        Document.application_id == account.application_id, Document.kind == DocumentKind.RECEIPT
    )
    receipt = uow.session.exec(query).one_or_none() or _open_receipt(uow, account, now=now)
    if receipt.sent_at is None:
        enqueue(uow, WriteReceipt(application_id=account.application_id))
    request_invoices(uow, account, actor=actor, now=now)


def _open_receipt(uow: UnitOfWork, account: FeeAccount, *, now: datetime) -> Document:
    receipt = Document(
        id=uuid4(),
        kind=DocumentKind.RECEIPT,
        number=next_number(uow, "SK", now=now),
        application_id=account.application_id,
        due_at=now,
    )
    uow.session.add(receipt)
    uow.session.flush()
    return receipt
