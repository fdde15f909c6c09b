"""Pages to publish and revise programmes from JSON files, and to print the annexes of the notice."""

from typing import Annotated

from fastapi import APIRouter, File, Request, Response, UploadFile
from pydantic import ValidationError
from pydantic_core import from_json

from services.intake import actions, documents, queries
from services.intake.pages.labels import Clerk
from shared.dashboard import done, file_reply, page, t
from shared.events.intake import Programme
from shared.foundation.errors import FieldError, Invalid, Joined, NotFound
from shared.foundation.text import UnusableText, clean_values
from shared.http.limits import JSON
from shared.http.web import Now, ReadingSession, Uow, WithTools

router = APIRouter()

ANNEXES = (
    ("申请表", documents.application_form),
    ("年度课程安排", documents.year_schedule),
    ("教学方案", documents.teaching_plan),
    ("汇款信息", documents.remittance_details),
)


@router.get("/programmes")
def show_programmes(request: Request, actor: Clerk, session: ReadingSession) -> Response:
    """Show the published programmes with their annexes, and the form to publish one."""
    programmes = queries.programmes(session)
    firms = {one.code: queries.recommended_firms(session, one) for one in programmes}
    titles = [title for title, _typeset in ANNEXES]
    return page(request, "intake_programmes.html", title="培训项目", programmes=programmes, firms=firms, annexes=titles)


@router.post("/programmes", max_body_size=JSON)
def publish_programme(
    request: Request,
    actor: Clerk,
    uow: Uow,
    now: Now,
    tools: WithTools,
    definition: Annotated[UploadFile, File()],
) -> Response:
    """Publish the programme in `definition`, a JSON file with the fields of shared.events.intake.Programme."""
    programme = _parse_programme(definition)
    actions.publish_programme(uow, programme, actor=actor.account, now=now, keys=tools.keys)
    return done(request, "/intake/programmes", t("已发布：{title}。", title=programme.title))


@router.post("/programmes/{code}/revision", max_body_size=JSON)
def revise_programme(
    request: Request,
    code: str,
    actor: Clerk,
    uow: Uow,
    now: Now,
    definition: Annotated[UploadFile, File()],
) -> Response:
    """Replace the programme by the next version in `definition`."""
    programme = _parse_programme(definition)
    if programme.code != code:
        values = {"found": programme.code, "code": code}
        raise Invalid("文件中的项目编号是“{found}”,不是“{code}”。", code="programme-code", values=values)
    actions.revise_programme(uow, programme, actor=actor.account, now=now)
    return done(request, "/intake/programmes", t("已修订为第 {version} 版。", version=programme.version))


def _parse_programme(definition: UploadFile) -> Programme:
    content = definition.file.read()
    try:
        Programme.model_validate_json(content)
        return Programme.model_validate(clean_values(from_json(content)))
    except UnusableText as refusal:
        errors = [FieldError("/definition", refusal.code, refusal.message.message, refusal.message.values)]
        values = {"places": errors[0]}
        raise Invalid(
            "项目文件不合要求,请检查:{places}", code="programme-file", field_errors=errors, values=values
        ) from refusal
    except ValidationError as error:
        errors = [FieldError("/definition", item["type"], "/".join(map(str, item["loc"]))) for item in error.errors()]
        places = {"places": Joined(errors[:5], "、")}
        raise Invalid(
            "项目文件不合要求,请检查:{places}", code="programme-file", field_errors=errors, values=places
        ) from error


@router.get("/programmes/{code}/definition")
def download_programme(code: str, actor: Clerk, session: ReadingSession) -> Response:
    """Download the programme as the JSON file that `publish` and `revision` accept."""
    programme = queries.programme_of_code(session, code)
    content = programme.model_dump_json(indent=1).encode()
    return file_reply(content, name=f"{code}.json", media_type="application/json")


@router.get("/programmes/{code}/annexes/{number}")
def download_annex(code: str, number: int, actor: Clerk, session: ReadingSession, now: Now) -> Response:
    """Download annex 1 to 4 of the notice as PDF."""
    programme = queries.programme_of_code(session, code)
    if not 1 <= number <= len(ANNEXES):
        raise NotFound("项目“{code}”没有附件 {number}。", code="unknown-annex", values={"code": code, "number": number})
    title, typeset = ANNEXES[number - 1]
    content = typeset(documents.Annexes(programme=programme, now=now))
    return file_reply(content, name=f"附件{number} {title}.pdf", media_type="application/pdf", inline=True)
