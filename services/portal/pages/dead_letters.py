"""Dead letters, for the administrator: which message was given up by whom, and why."""

import json
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.portal.models import DeadLetter
from services.portal.rules.masking import masked
from services.portal.rules.sentences import title_of
from services.portal.states import SERVICES
from shared.dashboard import Badge, Badged, ListView, Moment, Text, page, t
from shared.errors import NotFound
from shared.signin import Actor, staff
from shared.web import ReadingSession

router = APIRouter(prefix="/dead-letters")
QUEUES = {service: Badge(title, "blue") for service, title in SERVICES.items()}


class DeadLetterList(ListView):
    """What the services could not handle, newest first."""

    fields = (
        Moment("buried_at", "放弃时间"),
        Badged("queue", "服务", badges=QUEUES),
        Text("type", "消息类型"),
        Text("reason", "原因"),
    )
    fields_default_sort = (("buried_at", True),)
    detail_path = "/dead-letters/{key}"
    roles = ("administrator",)
    intro = "各服务放弃处理的消息"
    empty = "没有未送达的消息，一切正常。"


@router.get("/{key}")
def show(
    request: Request, key: str, actor: Annotated[Actor, Depends(staff("administrator"))], session: ReadingSession
) -> Response:
    """One message, with masks where it holds sealed values."""
    letter = session.get(DeadLetter, key)
    if letter is None:
        raise NotFound("没有这条消息。", code="unknown-dead-letter")
    return page(
        request,
        "dead_letter.html",
        title=title_of(letter.type),
        subtitle=letter.type,
        back="/tables/dead-letters/list",
        letter=letter,
        queue=t(SERVICES.get(letter.queue, letter.queue)),
        body=_shown(letter.body),
    )


def _shown(body: str) -> str:
    try:
        return json.dumps(masked(json.loads(body)), ensure_ascii=False, indent=2)
    except ValueError:
        return t("（内容不是合法的 JSON，不予显示）")
