"""Statements: upload, preview, import, and the result for each entry."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from sqlmodel import select

from services.billing import actions, queries
from services.billing.actions.statements.imports import PREVIEWED
from services.billing.models import ProgrammeRow
from services.billing.pages import labels
from services.billing.pages.entries import Reason
from services.billing.states import StatementState
from shared.dashboard import done, file_reply, page
from shared.dashboard.history import history
from shared.foundation.clock import parse_day
from shared.foundation.errors import FieldError, Invalid
from shared.http.fields import FormCode, QueryCode
from shared.http.limits import BANK_FILE
from shared.http.web import Now, ReadingSession, Uow, WithTools

router = APIRouter()


@router.get("/statements")
def statement_list(request: Request, actor: labels.Reader, session: ReadingSession) -> Response:
    """Show the upload form and every statement."""
    programmes = [(row.code, row.data["title"]) for row in session.exec(select(ProgrammeRow)).all()]
    return page(
        request,
        "billing_statements.html",
        title="银行对账单",
        subtitle="导入后逐笔匹配，能确定的自动入账，其余列入待办",
        statements=queries.statements(session),
        programmes=programmes,
        labels=labels,
    )


@router.post("/statements", max_body_size=BANK_FILE)
def upload(
    request: Request,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    tools: WithTools,
    file: Annotated[UploadFile, File()],
    first_day: FormCode = "",
    last_day: FormCode = "",
    programme: FormCode = "",
) -> Response:
    """Upload `file`. Fields: `first_day` and `last_day` (2021-11-22, inclusive) if the file states no period;
    `programme` if it names no account. Redirects to the preview; nothing is booked yet."""
    row = actions.upload_statement(
        uow,
        file.file.read(),
        filename=file.filename or "",
        first_day=_day(first_day, "first_day"),
        last_day=_day(last_day, "last_day"),
        programme=programme,
        actor=actor.account,
        now=now,
        files=tools.files,
        sandbox=tools.sandbox,
    )
    return done(request, f"/billing/statements/{row.id}")


def _day(text: str, field: str) -> date | None:
    try:
        return parse_day(text) if text else None
    except ValueError as error:
        wrong = FieldError(f"/{field}", "day", "日期应写作 2021-11-22 这样的形式")
        raise Invalid("{fault}。", code="day", field_errors=[wrong], values={"fault": wrong}) from error


@router.get("/statements/{statement_id}")
def show_statement(
    request: Request,
    statement_id: UUID,
    actor: labels.Reader,
    session: ReadingSession,
    tools: WithTools,
    outcome: QueryCode = "",
) -> Response:
    """Show the preview before the import, afterwards each entry with outcome and reason."""
    row = queries.statement_of(session, statement_id)
    is_preview = row.state == StatementState.READ
    if is_preview:
        previewed, findings = actions.preview_statement(
            session, row, keys=tools.keys, files=tools.files, sandbox=tools.sandbox
        )
        entries, counts = list(previewed), _counts([entry.outcome for entry in previewed])
    else:
        entries = queries.entries_of(session, statement_id, outcome=outcome)
        counts, findings = queries.outcomes_of(session, statement_id), tuple(row.findings)
    return page(
        request,
        "billing_statement.html",
        title=row.filename or "对账单",
        back="/billing/statements",
        statement=row,
        is_preview=is_preview,
        entries=entries,
        accounts=queries.accounts_by_id(session),
        counts=[
            {"label": labels.OUTCOMES[name].title, "value": counts[name], "tone": labels.OUTCOMES[name].tone}
            for name in labels.OUTCOMES
            if counts.get(name)
        ],
        outcome=outcome,
        findings=findings,
        previewed=PREVIEWED,
        rows=history(session, str(statement_id)),
        labels=labels,
    )


def _counts(outcomes: list[str]) -> dict[str, int]:
    return {outcome: outcomes.count(outcome) for outcome in set(outcomes)}


@router.post("/statements/{statement_id}/import")
def import_statement(
    request: Request,
    statement_id: UUID,
    actor: labels.Finance,
    uow: Uow,
    now: Now,
    tools: WithTools,
    confirmed: Annotated[bool, Form()] = False,
) -> Response:
    """Import the statement. `confirmed=true` if it does not connect with those before and a person has checked why."""
    row = actions.import_statement(
        uow,
        statement_id,
        confirmed=confirmed,
        actor=actor.account,
        now=now,
        keys=tools.keys,
        files=tools.files,
        sandbox=tools.sandbox,
    )
    message = "已导入。" if row.state == StatementState.IMPORTED else "正在导入，本页会显示进度。"
    return done(request, f"/billing/statements/{statement_id}", message)


@router.post("/statements/{statement_id}/discard")
def discard_statement(request: Request, statement_id: UUID, actor: labels.Finance, uow: Uow, now: Now) -> Response:
    """Discard a preview."""
    actions.discard_statement(uow, statement_id, actor=actor.account, now=now)
    return done(request, "/billing/statements", "已放弃导入，没有入账。")


@router.post("/statements/{statement_id}/file")
def statement_file(
    statement_id: UUID, actor: labels.AuditedReader, uow: Uow, now: Now, tools: WithTools, reason: Reason = ""
) -> Response:
    """Download the bank's original file. Field: `reason`; the download is audited."""
    content, name = actions.read_statement_file(
        uow, statement_id, reason=reason, actor=actor.account, now=now, files=tools.files
    )
    return file_reply(content, name=name or "statement", media_type="application/octet-stream")
