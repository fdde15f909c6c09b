"""One fee account: amount due, ledger, payments, refunds, subsidies and documents."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.billing import actions, queries
from services.billing.pages import labels
from services.billing.pages.entries import Reason
from services.billing.queries.balances import balances_by_application, payments_of
from services.billing.states import InvoiceState, LedgerAccount
from shared.dashboard import done, file_reply, page
from shared.dashboard.history import history
from shared.events import FileClaim
from shared.http.web import Now, ReadingSession, Uow, WithTools, process_of
from shared.jobs.job import troubles

router = APIRouter()


@router.get("/accounts")
def account_list(request: Request, actor: labels.Reader) -> Response:
    """Redirect to the list."""
    return done(request, "/billing/tables/accounts/list")


@router.get("/accounts/{application_id}")
def show_account(request: Request, application_id: UUID, actor: labels.Reader, session: ReadingSession) -> Response:
    account = queries.account_of(session, application_id)
    paid_fen = balances_by_application(session, LedgerAccount.FEE).get(application_id, 0)
    related = queries.related_records(session, application_id)
    return page(
        request,
        "billing_account.html",
        title=f"{account.student_name} {account.application_no}",
        back="/billing/tables/accounts/list",
        account=account,
        paid_fen=paid_fen,
        open_fen=max(account.expected_fen - paid_fen, 0),
        unapplied_fen=balances_by_application(session, LedgerAccount.UNAPPLIED).get(application_id, 0),
        payments=payments_of(session, application_id),
        ledger=[line for line in queries.ledger_of(session, application_id) if "subsidy" not in line.account],
        related=related,
        troubles=troubles(session, [application_id, *(row.id for row in related.invoices)]),
        invoice_is_stale=any(row.state == InvoiceState.PROPOSED for row in related.invoices),
        rows=history(session, str(application_id)),
        labels=labels,
    )


@router.post("/documents/{document_id}/continuation")
def continue_document(request: Request, document_id: UUID, actor: labels.Finance, uow: Uow, now: Now) -> Response:
    """Print and send a held document again. No fields."""
    row = actions.continue_document(uow, document_id, actor=actor.account, now=now)
    return done(request, f"/billing/accounts/{row.application_id}", "已安排重新生成并发送。")


@router.post("/documents/{document_id}")
def show_document(
    request: Request,
    document_id: UUID,
    actor: labels.AuditedReader,
    now: Now,
    tools: WithTools,
    reason: Reason = "",
) -> Response:
    """Show a document as it was sent. Field: `reason`. The access is recorded first, in its own transaction."""
    with process_of(request).database.transaction() as uow:
        row = actions.open_document(uow, document_id, reason=reason, actor=actor.account, now=now)
    content = tools.files.get(FileClaim.model_validate(row.claim), purpose="bank")
    name = f"{labels.DOCUMENTS[row.kind]}{row.number}.pdf"
    return file_reply(content, name=name, media_type="application/pdf", inline=True)
