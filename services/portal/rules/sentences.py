"""Display text of events: a short title, a line of detail, a colour. Called by queries.py for the timeline.

Bodies are the masked JSON of shared/events; a missing time or reason is left empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Body = Mapping[str, Any]
Detail = tuple[str, Mapping[str, object]]
_CHINA = ZoneInfo("Asia/Shanghai")
_MODES = {"online": "{when}，线上，{place}，{panel}", "on_site": "{when}，现场，{place}，{panel}"}
_RELEASES = {"lapsed": "逾期未缴费", "declined": "放弃入学", "withdrawn": "撤回报名", "dropped_out": "退学"}


@dataclass(frozen=True)
class Sentence:
    """One timeline line. `values` fill the {names} of `text`."""

    title: str
    text: str = ""
    tone: str = "blue"
    values: Mapping[str, object] = field(default_factory=dict)


def sentence(event_type: str, body: Body) -> Sentence:
    """Return the sentence of an event, or its wire name for an unknown type."""
    found = SENTENCES.get(event_type)
    if found is None:
        return Sentence(event_type, tone="secondary")
    title, tone, detail = found
    text, values = detail(body)
    return Sentence(title(body) if callable(title) else title, text, tone, values)


def title_of(event_type: str) -> str:
    """Return the short title of an event type, for lists."""
    found = SENTENCES.get(event_type)
    return str(found[0] if found and not callable(found[0]) else _VARYING.get(event_type, event_type))


def _when(body: Body, name: str) -> str:
    value = body.get(name)
    return f"{datetime.fromisoformat(value).astimezone(_CHINA):%Y-%m-%d %H:%M}" if value else ""


def _yuan(body: Body, name: str) -> str:
    return f"{body.get(name, 0) / 100:,.2f}"


def _nothing(body: Body) -> Detail:
    return "", {}


def _programme(body: Body) -> Detail:
    programme = body["programme"]
    values = {name: programme[name] for name in ("title", "quota", "version")}
    return "{title}，名额 {quota} 人，第 {version} 版", values


def _submitted(body: Body) -> Detail:
    values = {"firm": body["firm"]["name"], "student": body["student"]["name"], "number": body["application_no"]}
    return "{firm} 推荐 {student}，报名编号 {number}", values


def _defects(body: Body) -> Detail:
    items = "；".join(defect["reason"] for defect in body["defects"])
    return "{items}。请在 {limit} 前更正", {"items": items, "limit": _when(body, "correct_by")}


def _scored(body: Body) -> Detail:
    return "{points} 分，{sheets} 份评分表", {"points": f"{body['points'] / 100:.2f}", "sheets": body["sheets"]}


def _interview(body: Body) -> Detail:
    values = {"when": _when(body, "starts_at"), "place": body["place"], "panel": body["panel"]}
    return _MODES.get(body["mode"], "{when}，{place}，{panel}"), values


def _admitted(body: Body) -> Detail:
    values = {"letter": body["letter_no"], "limit": _when(body, "pay_by"), "rank": body["rank"]}
    if body["promoted"]:
        return "候补递补，录取文号 {letter}，请在 {limit} 前缴费", values
    return "第 {rank} 名，录取文号 {letter}，请在 {limit} 前缴费", values


def _rank(body: Body) -> Detail:
    return ("第 {rank} 名", {"rank": body["rank"]}) if body.get("rank") else ("", {})


def _release(body: Body) -> Detail:
    return _RELEASES.get(body["reason"], str(body["reason"])), {}


def _certificate(body: Body) -> Detail:
    if body["certified"]:
        return "累计 {hours} 课时", {"hours": body["hours"]}
    return "累计 {hours} 课时；{reasons}", {"hours": body["hours"], "reasons": "；".join(body["reasons"])}


def _plan(body: Body) -> Detail:
    values = {"modules": len(body["modules"]), "days": body["days"], "hours": body["hours"]}
    return "共 {modules} 期、{days} 天、{hours} 课时", values


def _missed(body: Body) -> Detail:
    return ("不再安排" if body["final"] else "可改期一次"), {}


def _reason(body: Body) -> Detail:
    return "{reason}", {"reason": body.get("reason", "")}


def _overdue(body: Body) -> Detail:
    return "应于 {limit} 前缴清", {"limit": _when(body, "pay_by")}


def _closing(body: Body) -> str:
    return "退费已办结" if body["closed_at"] else "退费重新办理"


def _closed(body: Body) -> Detail:
    return ("{moment} 起无应退款项", {"moment": _when(body, "closed_at")}) if body["closed_at"] else ("", {})


def _filled(text: str, **fields: str) -> Callable[[Body], Detail]:
    """Build a detail function: its {names} are these fields of the body, unformatted."""
    return lambda body: (text, {name: body[field] for name, field in fields.items()})


def _sum(text: str, fen: str, **fields: str) -> Callable[[Body], Detail]:
    """Build a detail function with {amount}: the field `fen` in yuan. Formats `..._at` fields as China time."""
    return lambda body: (
        text,
        {
            "amount": _yuan(body, fen),
            **{name: _when(body, key) if key.endswith("_at") else body[key] for name, key in fields.items()},
        },
    )


Title = str | Callable[[Body], str]
SENTENCES: dict[str, tuple[Title, str, Callable[[Body], Detail]]] = {
    "intake.programme_published.v1": ("发布培训项目", "blue", _programme),
    "intake.programme_revised.v1": ("修订培训项目", "blue", _programme),
    "intake.application_submitted.v1": ("提交报名", "blue", _submitted),
    "intake.application_resubmitted.v1": ("更正后重新提交", "blue", _filled("第 {number} 次提交", number="revision")),
    "intake.student_consented.v1": ("学员本人确认", "green", _filled("同意书版本 {version}", version="text_version")),
    "intake.application_withdrawn.v1": ("撤回报名", "secondary", _reason),
    "review.application_returned.v1": ("退回更正", "orange", _defects),
    "review.application_verified.v1": ("审核通过", "green", _nothing),
    "review.application_rejected.v1": ("审核不通过", "red", _reason),
    "review.interview_scored.v1": ("面试评分完成", "blue", _scored),
    "review.student_admitted.v1": ("录取", "green", _admitted),
    "review.applicant_waitlisted.v1": ("列入候补", "yellow", _filled("候补第 {rank} 位", rank="rank")),
    "review.applicant_not_selected.v1": ("未入选", "secondary", _rank),
    "review.seat_released.v1": ("名额释放", "orange", _release),
    "review.refund_ordered.v1": ("决定退费", "orange", _reason),
    "scheduling.interview_scheduled.v1": ("面试已安排", "blue", _interview),
    "scheduling.interview_missed.v1": (
        "面试缺席",
        "red",
        _missed,
    ),
    "scheduling.plan_published.v1": ("发布教学计划", "blue", _plan),
    "scheduling.student_registered.v1": ("报到注册", "green", _nothing),
    "scheduling.certificate_recorded.v1": (
        lambda body: "列入结业名单" if body["certified"] else "未能结业",
        "green",
        _certificate,
    ),
    "billing.fee_paid.v1": (
        "自筹费用缴清",
        "green",
        _sum("{amount} 元，{at} 到账", "paid_fen", at="paid_at"),
    ),
    "billing.fee_payment_reversed.v1": ("缴费被冲回", "red", _sum("尚余 {amount} 元", "paid_fen")),
    "billing.fee_overdue.v1": ("逾期未缴费", "red", _overdue),
    "billing.refund_sent.v1": ("退费已汇出", "secondary", _sum("{amount} 元", "amount_fen")),
    "billing.refund_closed.v1": (_closing, "secondary", _closed),
    "billing.invoice_requested.v1": (
        "申请开票",
        "blue",
        _sum("{number}，{amount} 元", "amount_fen", number="request_no"),
    ),
    "billing.invoice_issued.v1": (
        "发票已开具",
        "green",
        _sum("发票号码 {number}，{amount} 元", "amount_fen", number="invoice_number"),
    ),
    "billing.red_invoice_issued.v1": (
        "发票已红冲",
        "red",
        _sum("红字发票号码 {number}，{amount} 元", "amount_fen", number="invoice_number"),
    ),
    "portal.staff_access_changed.v1": ("工作人员权限变更", "secondary", _filled("{account}", account="account")),
}
_VARYING = {"scheduling.certificate_recorded.v1": "结业结果", "billing.refund_closed.v1": "退费办结"}
