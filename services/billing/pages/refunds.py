"""Refunds: proposals, the second person's approval, the list for the bank, and bounced refunds."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.billing import actions, queries
from services.billing.pages import labels
from services.billing.pages.entries import Reason
from services.billing.states import RefundState
from shared.adapters.workbook import XLSX
from shared.dashboard import done, file_reply, page, t
from shared.dashboard.history import history
from shared.foundation.clock import local
from shared.http.fields import FormIds
from shared.http.web import Now, ReadingSession, Uow, WithTools

router = APIRouter()


@router.get("/refunds")
def refund_work(request: Request, actor: labels.Reader, session: ReadingSession) -> Response:
    """Show the refunds to approve, those waiting for the bank, and the ended ones."""
    return page(
        request,
        "billing_refunds.html",
        title="退款",
        subtitle="提出与复核须为两人；款项只退回原付款账户",
        proposed=queries.refunds(session, state=RefundState.PROPOSED),
        approved=queries.refunds(session, state=RefundState.APPROVED),
        ended=queries.ended_refunds(session),
        totals=queries.refund_totals(session),
        accounts=queries.accounts_by_id(session),
        labels=labels,
    )


@router.get("/refunds/{refund_id}")
def show_refund(request: Request, refund_id: UUID, actor: labels.Reader, session: ReadingSession) -> Response:
    refund = queries.refund_of(session, refund_id)
    return page(
        request,
        "billing_refund.html",
        title=t("退款单 {number}", number=refund.number),
        back="/billing/refunds",
        refund=refund,
        account=queries.account_of(session, refund.application_id) if refund.application_id else None,
        sources=queries.sources(session, refund_id),
        rows=history(session, str(refund_id)),
        labels=labels,
    )


@router.post("/refunds/approve")
def approve(
    request: Request,
    actor: labels.Checker,
    uow: Uow,
    now: Now,
    refund_id: FormIds = [],  # noqa: B006
) -> Response:
    """Approve these refunds (`refund_id`, repeated) together, all or none. The approver must not have proposed them."""
    approved = actions.approve_refunds(uow, refund_id, actor=actor.account, now=now)
    return done(request, "/billing/refunds", t("已批准 {count} 张退款单。", count=len(approved)))


@router.post("/refunds/{refund_id}/decline")
def decline(
    request: Request, refund_id: UUID, actor: labels.Either, uow: Uow, now: Now, reason: Reason = ""
) -> Response:
    """Decline the refund. `reason`: why the money is not paid back now."""
    actions.decline_refund(uow, refund_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/billing/refunds/{refund_id}", "退款单已作废，款项仍在原处。")


@router.post("/refunds/export")
def export(actor: labels.Either, uow: Uow, now: Now, tools: WithTools, reason: Reason = "") -> Response:
    """Download the approved refunds with full account numbers, as a workbook for the bank. Field: `reason`; the
    download is audited."""
    content = actions.export_approved_refunds(uow, reason=reason, actor=actor.account, now=now, keys=tools.keys)
    return file_reply(content, name=f"退款清单 {local(now):%Y-%m-%d}.xlsx", media_type=XLSX)
