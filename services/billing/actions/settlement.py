"""What follows when the money of an application has changed, or its standing: FeePaid, its reversal, FeeOverdue, the
documents that are due, refunds that were ordered. Called by billing's other actions.
"""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, select

from services.billing.actions.numbers import next_number
from services.billing.actions.refunds import propose_refunds
from services.billing.actions.rows import lock_account
from services.billing.jobs import WriteInvoiceRequest, WriteReceipt
from services.billing.models import Document, FeeAccount, Invoice
from services.billing.queries.balances import allocated_fen, completed_at, payments_of
from services.billing.rules.names import comparable
from services.billing.states import AccountStanding, DocumentKind, InvoiceState
from shared import jobs
from shared.events.billing import FeeOverdue, FeePaid, FeePaymentReversed
from shared.outbox import publish


def settle(session: Session, application_ids: Iterable[UUID], *, at: datetime, actor: str, now: datetime) -> None:
    """Says what the ledger now means for these applications. `at` is the bank's time of what changed it. A repeat says
    nothing new."""
    for application_id in sorted(set(application_ids)):
        account = lock_account(session, application_id)
        if _say_payment(session, account, at=at, now=now):
            request_documents(session, account, now=now)
        if account.refund_ordered_at:
            propose_refunds(session, account, actor=actor, now=now)


def _say_payment(session: Session, account: FeeAccount, *, at: datetime, now: datetime) -> bool:
    """Returns whether the fee has just become paid."""
    paid_fen = allocated_fen(session, account.application_id)
    said = {"application_id": account.application_id, "programme": account.programme, "paid_fen": paid_fen}
    if paid_fen >= account.expected_fen and account.paid_at is None:
        account.paid_at = completed_at(session, account)
        if account.standing == AccountStanding.DUE and account.pay_by and account.paid_at > account.pay_by:
            say_overdue(session, account, paid_fen=0, covered_until=account.paid_at, now=now)
        session.add(account)
        publish(session, FeePaid(**said, paid_at=account.paid_at), now=now)
        return True
    if paid_fen < account.expected_fen and account.paid_at is not None:
        account.paid_at = None
        session.add(account)
        publish(session, FeePaymentReversed(**said, reversed_at=at), now=now)
    return False


def say_overdue(
    session: Session, account: FeeAccount, *, paid_fen: int, covered_until: datetime, now: datetime
) -> None:
    """FeeOverdue, once per deadline."""
    if account.overdue_at is not None or account.pay_by is None:
        return
    account.overdue_at = now
    session.add(account)
    event = FeeOverdue(
        application_id=account.application_id,
        programme=account.programme,
        paid_fen=paid_fen,
        pay_by=account.pay_by,
        covered_until=covered_until,
    )
    publish(session, event, now=now)


def request_documents(session: Session, account: FeeAccount, *, now: datetime) -> None:
    """Receipt, invoice request and invoice become due once the person is admitted and has paid, whichever comes last. Called
    when either comes; what was sent before is not written again."""
    if account.standing != AccountStanding.DUE or account.paid_at is None:
        return
    mine = select(Document).where(Document.application_id == account.application_id)
    found = {row.kind: row for row in session.exec(mine).all()} or _make_due(session, account, now=now)
    if found[DocumentKind.RECEIPT].sent_at is None:
        jobs.start(session, WriteReceipt(application_id=account.application_id))
    if found[DocumentKind.INVOICE_REQUEST].sent_at is None:
        jobs.start(session, WriteInvoiceRequest(application_id=account.application_id))


def _make_due(session: Session, account: FeeAccount, *, now: datetime) -> dict[str, Document]:
    numbers = {
        DocumentKind.RECEIPT: next_number(session, "SK", now=now),
        DocumentKind.INVOICE_REQUEST: next_number(session, "KP", now=now),
        DocumentKind.INVOICE: None,
    }
    rows = {
        str(kind): Document(id=uuid4(), kind=kind, number=number, application_id=account.application_id, due_at=now)
        for kind, number in numbers.items()
    }
    session.add_all(rows.values())
    _open_invoice(session, account, str(numbers[DocumentKind.INVOICE_REQUEST]), now=now)
    session.flush()
    return rows


def _open_invoice(session: Session, account: FeeAccount, request_no: str, *, now: datetime) -> None:
    """The buyer is what the application said when the invoice became due; the amount is the self-paid part alone."""
    payers = list(dict.fromkeys(entry.counterparty_name for entry, _ in payments_of(session, account.application_id)))
    session.add(
        Invoice(
            id=uuid4(),
            application_id=account.application_id,
            request_no=request_no,
            buyer_title=account.invoice_title,
            buyer_tax_number=account.invoice_tax_number,
            kind=account.invoice_kind,
            amount_fen=account.expected_fen,
            payer="、".join(payers),
            payer_is_buyer=all(comparable(payer) == comparable(account.invoice_title) for payer in payers),
            state=InvoiceState.REQUESTED,
            requested_at=now,
        )
    )
