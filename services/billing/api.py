"""JSON work lists for programs that act as staff: the fields needed to act. The actions themselves are the pages'
forms.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from sqlmodel import col, select

from services.billing import queries
from services.billing.models import BankEntry, Invoice
from services.billing.schemas import AccountOut, EntryOut, InvoiceOut, RefundOut, StatementOut
from shared.http.auth import staff
from shared.http.fields import QueryCode
from shared.http.web import ReadingSession

router = APIRouter(prefix="/billing/api", tags=["staff"], dependencies=[Depends(staff("finance", "finance_checker"))])


@router.get("/accounts")
def list_accounts(
    session: ReadingSession, state: Annotated[str, Query(alias="standing", max_length=100)] = ""
) -> list[AccountOut]:
    """List the fee accounts, optionally of one state (open, waiting, due, ended)."""
    return [
        AccountOut(
            **line.account.model_dump(include=set(AccountOut.model_fields)),
            paid_fen=line.paid_fen,
            unapplied_fen=line.unapplied_fen,
        )
        for line in queries.account_lines(session, state=state)
    ]


@router.get("/statements", response_model=list[StatementOut])
def list_statements(session: ReadingSession) -> Sequence[object]:
    """List the statements, newest period first, with the progress of their import."""
    return queries.statements(session)


@router.get("/entries", response_model=list[EntryOut])
def list_entries(session: ReadingSession, state: QueryCode = "open", outcome: QueryCode = "") -> Sequence[object]:
    """List bank entries of one state (open, booked, duplicate, waiting), optionally of one outcome, in the bank's
    order."""
    found = select(BankEntry).where(BankEntry.state == state)
    if outcome:
        found = found.where(BankEntry.outcome == outcome)
    return session.exec(found.order_by(col(BankEntry.booked_at), col(BankEntry.position)).limit(1_000)).all()


@router.get("/unapplied", response_model=list[EntryOut])
def list_unapplied_entries(session: ReadingSession) -> Sequence[object]:
    """List receipts with money that pays no fee and that no refund claims."""
    return [entry for entry, _ in queries.unapplied_entries(session)]


@router.get("/refunds")
def list_refunds(session: ReadingSession, state: QueryCode = "") -> list[RefundOut]:
    """List the refunds by number, optionally of one state (proposed, approved, sent, declined)."""
    references = {key: account.reference for key, account in queries.accounts_by_id(session).items()}
    return [
        RefundOut(
            **row.model_dump(include=set(RefundOut.model_fields)),
            reference=references.get(str(row.application_id), ""),
        )
        for row in queries.refunds(session, state=state)
    ]


@router.get("/invoices", response_model=list[InvoiceOut])
def list_invoices(session: ReadingSession, state: QueryCode = "") -> Sequence[object]:
    """List invoices and red letters by request number, optionally of one state (proposed, requested, submitted, issued,
    failed, dropped)."""
    found = select(Invoice).order_by(col(Invoice.request_no))
    return session.exec(found.where(Invoice.state == state) if state else found).all()
