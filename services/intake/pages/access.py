"""Pages to issue and revoke API keys and to import past participants."""

import csv
import io
from typing import Annotated

from fastapi import APIRouter, File, Form, Request, Response, UploadFile

from services.intake import actions
from services.intake.pages.labels import Clerk
from shared.dashboard import done, page, t
from shared.foundation.errors import Invalid
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
    name: Annotated[str, Form(min_length=2, max_length=60)],
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
    request: Request, actor: Clerk, uow: Uow, now: Now, name: Annotated[str, Form(max_length=60)]
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
    """Import `table`: CSV, UTF-8, a header and the columns document number, name, programme."""
    people = _parse_people(table.file.read())
    added = actions.import_past_participants(uow, people, actor=actor.account, now=now, keys=tools.keys)
    return done(request, "/intake/tables/past-participants/list", t("已登记 {count} 名往期学员。", count=added))


def _parse_people(content: bytes) -> list[tuple[str, str, str]]:
    try:
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid("文件不是 UTF-8 编码的 CSV,请另存为“CSV UTF-8”后重试。", code="past-participants") from error
    for line, row in enumerate(rows, start=2):
        if len(row) != 3 or not all(cell.strip() for cell in row):
            raise Invalid(
                "第 {place} 行应有三列:证件号码、姓名、参加的培训。", code="past-participants", values={"place": line}
            )
    return [(number, name, programme) for number, name, programme in rows]
