"""Pages to issue and revoke API keys and to import past participants."""

from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from services.intake import actions
from services.intake.pages.labels import Clerk
from services.intake.rules.past_participants import people_in
from shared.dashboard import done, page, t
from shared.foundation.clock import local
from shared.foundation.text import Line
from shared.http.web import Now, Uow, WithTools

router = APIRouter()


@router.get("/access")
def show_access(request: Request, actor: Clerk) -> Response:
    """Show the forms to issue and revoke API keys and to import past participants."""
    return page(request, "intake_access.html", title="接口与往期学员")


@router.post("/clients")
def issue_key(
    request: Request,
    actor: Clerk,
    uow: Uow,
    now: Now,
    name: Annotated[Line, Form(min_length=2, max_length=60)],
) -> Response:
    """Issue an API key for the client `name`; the next page shows it once."""
    key = actions.issue_client_key(uow, name, actor=actor.account, now=now)
    return done(
        request,
        "/intake/access",
        t("“{name}”的接口密钥（只显示这一次，请立即保存）：{key}", name=name, key=key),
        tone="warning",
    )


@router.post("/clients/revocation")
def revoke_key(
    request: Request, actor: Clerk, uow: Uow, now: Now, name: Annotated[Line, Form(max_length=60)]
) -> Response:
    """Revoke the API key of the client `name`."""
    actions.revoke_client_key(uow, name, actor=actor.account, now=now)
    return done(request, "/intake/tables/clients/list", t("已停用“{name}”的接口密钥。", name=name))


@router.post("/past-participants")
def import_past_participants(
    request: Request,
    actor: Clerk,
    uow: Uow,
    now: Now,
    tools: WithTools,
    table: Annotated[UploadFile, File()],
) -> Response:
    """Import `table`: XLSX, XLS or CSV with the columns 证件号码, 姓名 and 参加的培训. One faulty cell refuses the file."""
    people = people_in(table.file.read(), today=local(now).date(), sandbox=tools.sandbox)
    added = actions.import_past_participants(uow, people, actor=actor.account, now=now, keys=tools.keys)
    return done(request, "/intake/tables/past-participants/list", t("已登记 {count} 名往期学员。", count=added))
