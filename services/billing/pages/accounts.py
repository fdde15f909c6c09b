"""One fee account: what is due, its ledger, payments, refunds, subsidies and documents."""

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
from shared.http.web import Now, ReadingSession, WithTools, process_of

router = APIRouter()


@router.get("/accounts")
def account_list(request: Request, actor: labels.Reader) -> Response:
    """Leads to the list."""
    return done(request, "/billing/tables/accounts/list")


@router.get("/accounts/{application_id}")
def show_account(request: Request, application_id: UUID, actor: labels.Reader, session: ReadingSession) -> Response:
    account = queries.account_of(session, application_id)
    paid_fen = balances_by_application(session, LedgerAccount.FEE).get(application_id, 0)
    papers = queries.papers_of(session, application_id)
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
        papers=papers,
        invoice_is_stale=any(row.state == InvoiceState.PROPOSED for row in papers.invoices),
        rows=history(session, str(application_id)),
        labels=labels,
    )


@router.post("/documents/{document_id}")
def show_document(
    request: Request,
    document_id: UUID,
    actor: labels.Looker,
    now: Now,
    tools: WithTools,
    reason: Reason = "",
) -> Response:
    """A document as it was sent, to look at. Field: `reason`. The look is put on record first, in a transaction of its own."""
    with process_of(request).database.transaction() as uow:
        row = actions.look_at_document(uow, document_id, reason=reason, actor=actor.account, now=now)
    content = tools.files.get(FileClaim.model_validate(row.claim), purpose="bank")
    name = f"{labels.DOCUMENTS[row.kind]}{row.number}.pdf"
    return file_reply(content, name=name, media_type="application/pdf", inline=True)
