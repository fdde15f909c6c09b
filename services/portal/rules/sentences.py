"""How an event reads to people: a short title, a line of detail, a colour. Called by queries.py for the timeline.

Bodies are the masked JSON of shared/events; a field that is missing is left out of the line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Body = Mapping[str, Any]
_CHINA = ZoneInfo("Asia/Shanghai")
_MODES = {"online": "线上", "on_site": "现场"}
_RELEASES = {"lapsed": "逾期未缴费", "declined": "放弃入学", "withdrawn": "撤回报名", "dropped_out": "退学"}


@dataclass(frozen=True)
class Sentence:
    """What happened, for a line of the timeline."""

    title: str
    text: str = ""
    tone: str = "blue"


def sentence(event_type: str, body: Body) -> Sentence:
    """The sentence of an event; of a type that is not known here, its wire name."""
    found = SENTENCES.get(event_type)
    if found is None:
        return Sentence(event_type, tone="secondary")
    title, tone, detail = found
    return Sentence(title(body) if callable(title) else title, detail(body), tone)


def title_of(event_type: str) -> str:
    """The short name of an event's type, for lists."""
    found = SENTENCES.get(event_type)
    return str(found[0] if found and not callable(found[0]) else _VARYING.get(event_type, event_type))


def _when(body: Body, name: str) -> str:
    value = body.get(name)
    return f"{datetime.fromisoformat(value).astimezone(_CHINA):%Y年%m月%d日 %H:%M}" if value else ""


def _yuan(body: Body, name: str) -> str:
    return f"{body.get(name, 0) / 100:,.2f} 元"


def _nothing(body: Body) -> str:
    return ""


def _programme(body: Body) -> str:
    programme = body["programme"]
    return f"{programme['title']}，名额 {programme['quota']} 人，第 {programme['version']} 版"


def _submitted(body: Body) -> str:
    return f"{body['firm']['name']} 推荐 {body['student']['name']}，报名编号 {body['application_no']}"


def _defects(body: Body) -> str:
    items = "；".join(defect["reason"] for defect in body["defects"])
    return f"{items}。请在 {_when(body, 'correct_by')} 前更正"


def _scored(body: Body) -> str:
    return f"{body['points'] / 100:.2f} 分，{body['sheets']} 份评分表"


def _interview(body: Body) -> str:
    return f"{_when(body, 'starts_at')}，{_MODES.get(body['mode'], body['mode'])}，{body['place']}，{body['panel']}"


def _admitted(body: Body) -> str:
    how = "候补递补" if body["promoted"] else f"第 {body['rank']} 名"
    return f"{how}，录取文号 {body['letter_no']}，请在 {_when(body, 'pay_by')} 前缴费"


def _rank(body: Body) -> str:
    return f"第 {body['rank']} 名" if body.get("rank") else ""


def _release(body: Body) -> str:
    return _RELEASES.get(body["reason"], str(body["reason"]))


def _certificate(body: Body) -> str:
    return f"累计 {body['hours']} 课时" + ("" if body["certified"] else f"；{'；'.join(body['reasons'])}")


def _plan(body: Body) -> str:
    return f"共 {len(body['modules'])} 期、{body['days']} 天、{body['hours']} 课时"


def _reason(body: Body) -> str:
    return str(body.get("reason", ""))


Title = str | Callable[[Body], str]
SENTENCES: dict[str, tuple[Title, str, Callable[[Body], str]]] = {
    "intake.programme_published.v1": ("发布培训项目", "blue", _programme),
    "intake.programme_revised.v1": ("修订培训项目", "blue", _programme),
    "intake.application_submitted.v1": ("提交报名", "blue", _submitted),
    "intake.application_resubmitted.v1": ("更正后重新提交", "blue", lambda body: f"第 {body['revision']} 次提交"),
    "intake.student_consented.v1": ("学员本人确认", "green", lambda body: f"同意书版本 {body['text_version']}"),
    "intake.application_withdrawn.v1": ("撤回报名", "secondary", _reason),
    "review.application_returned.v1": ("退回更正", "orange", _defects),
    "review.application_verified.v1": ("审核通过", "green", _nothing),
    "review.application_rejected.v1": ("审核不通过", "red", _reason),
    "review.interview_scored.v1": ("面试评分完成", "blue", _scored),
    "review.student_admitted.v1": ("录取", "green", _admitted),
    "review.applicant_waitlisted.v1": ("列入候补", "yellow", lambda body: f"候补第 {body['rank']} 位"),
    "review.applicant_not_selected.v1": ("未入选", "secondary", _rank),
    "review.seat_released.v1": ("名额释放", "orange", _release),
    "review.refund_ordered.v1": ("决定退费", "orange", _reason),
    "scheduling.interview_scheduled.v1": ("面试已安排", "blue", _interview),
    "scheduling.interview_missed.v1": (
        "面试缺席",
        "red",
        lambda body: "不再安排" if body["final"] else "可改期一次",
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
        lambda body: f"{_yuan(body, 'paid_fen')}，{_when(body, 'paid_at')} 到账",
    ),
    "billing.fee_payment_reversed.v1": ("缴费被冲回", "red", lambda body: f"尚余 {_yuan(body, 'paid_fen')}"),
    "billing.fee_overdue.v1": ("逾期未缴费", "red", lambda body: f"应于 {_when(body, 'pay_by')} 前缴清"),
    "billing.refund_sent.v1": ("退费已汇出", "secondary", lambda body: _yuan(body, "amount_fen")),
    "billing.invoice_requested.v1": (
        "申请开票",
        "blue",
        lambda body: f"{body['request_no']}，{_yuan(body, 'amount_fen')}",
    ),
    "billing.invoice_issued.v1": (
        "发票已开具",
        "green",
        lambda body: f"发票号码 {body['invoice_number']}，{_yuan(body, 'amount_fen')}",
    ),
    "billing.red_invoice_issued.v1": (
        "发票已红冲",
        "red",
        lambda body: f"红字发票号码 {body['invoice_number']}，{_yuan(body, 'amount_fen')}",
    ),
    "portal.staff_access_changed.v1": ("工作人员权限变更", "secondary", lambda body: str(body["account"])),
}
_VARYING = {"scheduling.certificate_recorded.v1": "结业结果"}
