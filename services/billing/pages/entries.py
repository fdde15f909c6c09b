"""Bank entries: the work list, one entry with its reason, and every decision on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from services.billing import actions, queries
from services.billing.actions.ledger.postings import lines_of
from services.billing.pages import labels
from services.billing.states import EntryState, TransactionKind
from shared.dashboard import done, page, t
from shared.dashboard.history import history
from shared.foundation.errors import FieldError, Invalid
from shared.foundation.money import fen
from shared.foundation.text import Lines
from shared.http.fields import FormCode, FormCodes, FormIds, QueryCode
from shared.http.web import Now, ReadingSession, Uow

router = APIRouter()
Reason = Annotated[Lines, Form(max_length=500)]


@router.get("/work")
def work(
    request: Request,
    actor: labels.Reader,
    session: ReadingSession,
    outcome: QueryCode = "",
    ticked: bool = False,
) -> Response:
    """Show all open entries, the longest waiting first. Many suggestions can be confirmed at once."""
    items = queries.open_entries(session)
    return page(
        request,
        "billing_work.html",
        title="待办流水",
        subtitle="先确认有把握的建议，再逐笔处理其余",
        items=[item for item in items if not outcome or item.entry.outcome == outcome],
        tabs=[
            (code, badge, sum(item.entry.outcome == code for item in items)) for code, badge in labels.OUTCOMES.items()
        ],
        outcome=outcome,
        ticked=ticked,
        total=len(items),
        unapplied=queries.unapplied_entries(session),
        invoices=queries.invoices_for_finance(session),
        labels=labels,
    )


@router.get("/entries/{entry_id}")
def show_entry(request: Request, entry_id: UUID, actor: labels.Reader, session: ReadingSession) -> Response:
    entry = queries.entry_of(session, entry_id)
    item = queries.work_item(session, entry)
    posted = lines_of(session, entry_id, *TransactionKind)
    return page(
        request,
        "billing_entry.html",
        title="银行流水",
        back="/billing/work" if entry.state == EntryState.OPEN else f"/billing/statements/{entry.statement_id}",
        item=item,
        entry=entry,
        statement=queries.statement_of(session, entry.statement_id),
        choices=queries.choices_for(session, item),
        accounts=queries.accounts_by_id(session),
        counterpart=queries.entry_of(session, entry.counterpart_id) if entry.counterpart_id else None,
        lines=posted,
        left_fen=sum(fen for row, fen in queries.unapplied_entries(session) if row.id == entry_id),
        claims=queries.claims_on(session, entry_id),
        rows=history(session, str(entry_id)),
        labels=labels,
    )


@router.post("/entries/confirm")
def confirm(
    request: Request,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    entry_id: FormIds = [],  # noqa: B006
) -> Response:
    """Confirm the suggestions of these entries (`entry_id`, repeated), all or none."""
    booked = actions.confirm_proposals(uow, entry_id, actor=actor.account, now=now)
    return done(request, "/billing/work", t("已确认 {count} 笔。", count=len(booked)))


@router.post("/entries/rematch")
def rematch(request: Request, actor: labels.Finance, uow: Uow, now: Now) -> Response:
    """Match all open entries again."""
    booked = actions.rematch_open_entries(uow, actor=actor.account, now=now)
    return done(request, "/billing/work", t("已重新匹配，{count} 笔自动入账。", count=booked))


@router.post("/entries/{entry_id}/assign")
def assign(
    request: Request,
    entry_id: UUID,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    application: FormCodes = [],  # noqa: B006
    amount: FormCodes = [],  # noqa: B006
    note: Reason = "",
) -> Response:
    """Assign to `application` (number, payment reference or id) the `amount` (yuan), in pairs; empty pairs are
    skipped."""
    allocations: dict[UUID, int] = {}
    for name, text in zip(application, amount, strict=False):
        if name.strip() and text.strip():
            key = queries.account_named(uow.session, name).application_id
            allocations[key] = allocations.get(key, 0) + fen(text)
    actions.assign_entry(uow, entry_id, allocations, note=note, actor=actor.account, now=now)
    return done(request, f"/billing/entries/{entry_id}", "已按所填金额入账。")


@router.post("/entries/{entry_id}/keep")
def keep(
    request: Request,
    entry_id: UUID,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    application: FormCode = "",
    note: Reason = "",
) -> Response:
    """Keep the money unapplied; `application` is its owner, if known."""
    owner = queries.account_named(uow.session, application).application_id if application.strip() else None
    actions.put_to_unapplied(uow, entry_id, application_id=owner, note=note, actor=actor.account, now=now)
    return done(request, f"/billing/entries/{entry_id}", "已暂挂。")


@router.post("/entries/{entry_id}/ignore")
def ignore(
    request: Request, entry_id: UUID, actor: labels.Finance, uow: Uow, now: Now, reason: Reason = ""
) -> Response:
    """Ignore the entry. `reason`: why it is unrelated to fees."""
    actions.ignore_entry(uow, entry_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/billing/entries/{entry_id}", "已记为不予处理。")


@router.post("/entries/{entry_id}/undo")
def undo(request: Request, entry_id: UUID, actor: labels.Finance, uow: Uow, now: Now, reason: Reason = "") -> Response:
    """Undo the decision. `reason` is required."""
    actions.undo_decision(uow, entry_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/billing/entries/{entry_id}", "已撤销，流水回到待办。")


@router.post("/entries/{entry_id}/pair")
def pair(
    request: Request,
    entry_id: UUID,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    original_id: FormCode = "",
    note: Reason = "",
) -> Response:
    """Pair with `original_id`, the entry that this one reverses."""
    actions.pair_with_original(
        uow, entry_id, _parse_choice(original_id, "original_id"), note=note, actor=actor.account, now=now
    )
    return done(request, f"/billing/entries/{entry_id}", "已与原流水对应。")


@router.post("/entries/{entry_id}/settle")
def settle(
    request: Request,
    entry_id: UUID,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    refund_id: FormIds = [],  # noqa: B006
    note: Reason = "",
) -> Response:
    """Settle the approved refunds that this debit paid (`refund_id`, repeated)."""
    actions.settle_refunds_by_hand(uow, entry_id, refund_id, note=note, actor=actor.account, now=now)
    return done(request, f"/billing/entries/{entry_id}", "已认定为退费支出。")


@router.post("/entries/{entry_id}/refund")
def propose_refund(
    request: Request, entry_id: UUID, actor: labels.Finance, uow: Uow, now: Now, reason: Reason = ""
) -> Response:
    """Propose to refund the unapplied money of this entry. Field: `reason`. Another person approves."""
    refund = actions.propose_refund_of_entry(uow, entry_id, reason=reason, actor=actor.account, now=now)
    return done(request, f"/billing/refunds/{refund.id}", t("已提出退款单 {number}，待复核。", number=refund.number))


def _parse_choice(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(
            "请选择一笔。", code="choice", field_errors=[FieldError(f"/{field}", "choice", "请选择一笔")]
        ) from error
