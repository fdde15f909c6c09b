"""Dead-letter pages for the administrator: show the message, its queue and the reason; replay or discard."""

import json
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from services.portal import actions, queries
from services.portal.errors import UnknownDeadLetter
from services.portal.jobs import ReplayDeadLetters
from services.portal.models import DeadLetter
from services.portal.rules.dead_letters import trace_of
from services.portal.rules.masking import masked
from services.portal.rules.sentences import title_of
from services.portal.states import DeadLetterState
from shared.dashboard import Badge, Badged, Entry, ListAction, ListView, Moment, Number, Text, done, page, t
from shared.dashboard.history import history
from shared.http.auth import CurrentUser, staff
from shared.http.fields import FormCode, FormRemark, QueryCode, QueryPath
from shared.http.web import Now, ReadingSession, Uow
from shared.wiring.registry import SERVICES

router = APIRouter(prefix="/dead-letters")
Administrator = Annotated[CurrentUser, Depends(staff("administrator"))]
QUEUES = {service: Badge(spec.title, "blue") for service, spec in SERVICES.items()}
STATES: dict[str, Badge] = {
    DeadLetterState.WAITING: Badge("待处理", "yellow"),
    DeadLetterState.REPLAYED: Badge("已重发", "green"),
    DeadLetterState.DISCARDED: Badge("不再处理", "secondary"),
}
ACTS = {"dead_letters_replayed": "安排重发", "dead_letter_discarded": "不再处理"}


class DeadLetterList(ListView):
    """Messages that the services could not handle, newest first."""

    fields = (
        Moment("dead_lettered_at", "放弃时间"),
        Badged("state", "状态", labels=STATES),
        Badged("queue", "服务", labels=QUEUES),
        Text("type", "消息类型"),
        Text("reason", "原因"),
        Number("replays", "重发次数"),
    )
    fields_default_sort = (("dead_lettered_at", True),)
    detail_path = "/dead-letters/{key}"
    roles = ("administrator",)
    intro = "各服务放弃处理的消息"
    empty = "没有未送达的消息，一切正常。"
    list_actions = (
        ListAction(
            "replay",
            "重发",
            actions.order_one_replay,
            confirm="把所选消息重新交给原来的服务？已经办过的不会再办一次。",
            roles=("administrator",),
            icon="fa-solid fa-rotate-right",
            shown=lambda dead_letter: dead_letter.state == DeadLetterState.WAITING,
        ),
        ListAction(
            "discard",
            "不再处理",
            actions.discard_dead_letter,
            confirm="所选消息不再重发。",
            roles=("administrator",),
            icon="fa-solid fa-box-archive",
            tone="danger",
            entries=(Entry("reason", "原因"),),
            shown=lambda dead_letter: dead_letter.state == DeadLetterState.WAITING,
        ),
    )


@router.get("/replay")
def show_replay(
    request: Request,
    actor: Administrator,
    session: ReadingSession,
    queue: QueryCode = "",
    kind: QueryCode = "",
    reason: QueryPath = "",
) -> Response:
    """Show the waiting dead letters by service, type and reason, for a joint replay, and the running replays."""
    selection = ReplayDeadLetters(actor=actor.account, queue=queue, type=kind.strip(), reason=reason.strip())
    return page(
        request,
        "dead_letters_replay.html",
        title="批量重发",
        back="/tables/dead-letters/list",
        selection=selection,
        count=queries.count_matching(session, selection),
        kinds=queries.dead_letters_by_kind(session, selection),
        running=queries.running_replays(session),
        queues=_queues(),
    )


@router.post("/replay")
def replay_matching(
    request: Request,
    actor: Administrator,
    uow: Uow,
    now: Now,
    queue: FormCode = "",
    kind: FormCode = "",
    reason: FormRemark = "",
) -> Response:
    """Order the replay of all matches: exact `queue` and `kind` (type), substring `reason`; empty fields match all."""
    selection = ReplayDeadLetters(actor=actor.account, queue=queue, type=kind.strip(), reason=reason.strip())
    actions.order_replay(uow, selection, now=now)
    query = urlencode({"queue": selection.queue, "kind": selection.type, "reason": selection.reason})
    return done(request, f"/dead-letters/replay?{query}", "已安排重发，本页可看进度。")


@router.get("/{key}")
def show(request: Request, key: str, actor: Administrator, session: ReadingSession) -> Response:
    """Show one message, with masks in place of sealed values."""
    dead_letter = session.get(DeadLetter, key)
    if dead_letter is None:
        raise UnknownDeadLetter
    return page(
        request,
        "dead_letter.html",
        title=title_of(dead_letter.type),
        subtitle=dead_letter.type,
        back="/tables/dead-letters/list",
        dead_letter=dead_letter,
        badge=STATES[dead_letter.state],
        queue=_title_of(dead_letter.queue),
        body=_masked_json(dead_letter.body),
        trace=_trace_address(request.app.state.trace_url, dead_letter),
        headers="\n".join(f"{name}: {value}" for name, value in sorted(dead_letter.headers.items())),
        rows=history(session, key),
        acts=ACTS,
    )


@router.post("/{key}/replay")
def replay(request: Request, key: str, actor: Administrator, uow: Uow, now: Now) -> Response:
    """Order the replay of one message."""
    actions.order_one_replay(uow, key, actor=actor.account, now=now)
    return done(request, f"/dead-letters/{key}", "已安排重发，稍后刷新可看结果。")


@router.post("/{key}/discard")
def discard(
    request: Request,
    key: str,
    actor: Administrator,
    uow: Uow,
    now: Now,
    reason: FormRemark = "",
) -> Response:
    """Discard one message; `reason` is required."""
    actions.discard_dead_letter(uow, key, reason=reason, actor=actor.account, now=now)
    return done(request, f"/dead-letters/{key}", "已不再处理。")


def _queues() -> list[tuple[str, str]]:
    titles = {service: t(spec.title) for service, spec in SERVICES.items()}
    jobs = [(f"{service}.jobs", t("{service}（后台任务）", service=title)) for service, title in titles.items()]
    return [("", t("全部")), *titles.items(), *jobs]


def _title_of(queue: str) -> str:
    spec = SERVICES.get(queue.removesuffix(".jobs"))
    return t(spec.title) if spec else queue


def _trace_address(template: str, dead_letter: DeadLetter) -> str:
    """Return the address of the message's trace; empty without a trace store or a trace."""
    trace = trace_of(dead_letter.headers)
    return template.replace("{trace}", trace) if trace else ""


def _masked_json(body: bytes) -> str:
    try:
        return json.dumps(masked(json.loads(body)), ensure_ascii=False, indent=2)
    except ValueError:
        return t("（内容不是合法的 JSON，不予显示）")
