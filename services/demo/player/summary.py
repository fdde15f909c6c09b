"""The closing summary: compares totals line by line, from the services' own statistics and never from the generator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.demo.player.clients import pending_work
from shared.foundation.money import yuan

Stats = Mapping[str, Any]
# Each of these decisions requires a letter; a held and paid seat requires a receipt, a request and an invoice.
_DECISIONS = {"student_admitted": "录取", "applicant_waitlisted": "候补", "applicant_not_selected": "未入选"}
_DOCUMENTS_PER_SEAT = 3


@dataclass(frozen=True)
class Line:
    """One statement with its numbers. `holds`: whether it is true."""

    text: str
    holds: bool


def reconcile(stats: Stats, *, quota: int, seat_fen: Mapping[str, int]) -> list[Line]:
    """Return all lines. `stats`: service -> response of `/api/figures`. `seat_fen`: fee line -> fen per seat."""
    return [
        *_applications(stats),
        *_seats(stats, quota),
        *_money(stats, quota, seat_fen),
        *_documents(stats, quota),
        *_course(stats, quota),
        *_infrastructure(stats),
    ]


def _equal(title: str, left: Mapping[str, int], right: Mapping[str, int], *, money: bool = False) -> Line:
    """Return the line `title: a 1 + b 2 = c 3`. It holds if both sides have the same sum."""
    sides = [" + ".join(f"{name} {yuan(n) if money else n}" for name, n in side.items()) for side in (left, right)]
    return Line(f"{title}:{sides[0]} = {sides[1]}", sum(left.values()) == sum(right.values()))


def _applications(stats: Stats) -> list[Line]:
    intake, review = stats["intake"]["domain"], stats["review"]["domain"]
    names = {
        "seat_held": "在册",
        "lapsed": "逾期释放",
        "declined": "放弃",
        "waiting": "候补",
        "not_selected": "未入选",
        "rejected": "初审不通过",
        "withdrawn": "撤回",
    }
    expired = {"过期失效": intake["applications_expired"]}
    ends = {title: review[name] for name, title in names.items()} | expired
    left = review["in_process"] + intake["applications_draft"]
    return [
        _equal("每份报名恰有一个归宿", {"报名": intake["applications"]}, ends),
        _equal("报名都已进入审核", {"报名": intake["applications"]}, {"受理": review["cases"]} | expired),
        Line(f"没有悬而未决的报名:{left}", left == 0),
    ]


def _seats(stats: Stats, quota: int) -> list[Line]:
    review = stats["review"]
    admitted = review["published"].get("review.student_admitted.v1", 0)
    return [
        _equal("席位", {"在册": review["domain"]["seats_held"]}, {"名额": quota}),
        _equal("录取", {"StudentAdmitted": admitted}, {"名额": quota, "递补": review["domain"]["promotions"]}),
    ]


def _money(stats: Stats, quota: int, seat_fen: Mapping[str, int]) -> list[Line]:
    money = stats["billing"]["domain"]
    bank = {"期初": money["opening_fen"], "贷方": money["credits_fen"], "借方": -money["debits_fen"]}
    lines = {"中央": money["central_fen"], "市级": money["municipal_fen"], "自筹": money["self_fen"]}
    received = {
        "已核销": money["applied_fen"],
        "未分配": money["unapplied_fen"],
        "未匹配": money["unmatched_fen"],
        "已忽略": money["ignored_fen"],
    }
    spent = {
        "已退费": money["refunds_sent_fen"],
        "冲正": money["reversals_fen"],
        "其他": money["other_debits_fen"],
    }
    expected = {f"{quota} 人应收": quota * sum(seat_fen.values())}
    return [
        _equal("培训总费用", lines, expected, money=True),
        *[
            Line(f"{title}:{yuan(lines[title])} 元", lines[title] == quota * seat_fen[code])
            for code, title in (("central", "中央"), ("municipal", "市级"), ("self", "自筹"))
        ],
        _equal("自筹已收齐", {"已收": money["self_paid_fen"]}, {"应收": money["self_fen"]}, money=True),
        _equal("银行余额", bank, {"期末": money["closing_fen"]}, money=True),
        _equal("贷方去向", {"贷方": money["credits_fen"]}, received, money=True),
        _equal("借方去向", {"借方": money["debits_fen"]}, spent, money=True),
        Line(f"总账合计为零:{money['ledger_sum_fen']}", money["ledger_sum_fen"] == 0),
    ]


def _documents(stats: Stats, quota: int) -> list[Line]:
    """Compare the sent documents with the decisions that require them, never with the documents' own counts."""
    review, scheduling, billing = (stats[name]["domain"] for name in ("review", "scheduling", "billing"))
    published = stats["review"]["published"]
    decided = {title: published.get(f"review.{kind}.v1", 0) for kind, title in _DECISIONS.items()}
    per_seat = {f"{quota} 人各 {_DOCUMENTS_PER_SEAT} 份": quota * _DOCUMENTS_PER_SEAT}
    red = {"已开": billing["red_letters_issued"]}, {"已发": billing["red_letters_sent"]}
    return [
        _equal("录取与结果通知", decided, {"已发": review["letters_sent"]}),
        _equal("面试通知", {"已排面试": scheduling["interviews_scheduled"]}, {"已发": scheduling["notices_sent"]}),
        _equal("课程表", {"在册学员": scheduling["roster"]}, {"已发": scheduling["schedules_sent"]}),
        _equal("收款确认与开票单据", per_seat, {"已发": billing["documents_sent"]}),
        _equal("发票金额", {"应收自筹": billing["self_fen"]}, {"已开": billing["invoiced_fen"]}, money=True),
        _equal("红字发票", *red),
    ]


def _course(stats: Stats, quota: int) -> list[Line]:
    course = stats["scheduling"]["domain"]
    ends = {"结业": course["certified"], "未结业": course["not_certified"]}
    return [
        _equal("报到", {"报到": course["registered"]}, {"名额": quota}),
        _equal("结业名单", {"报到": course["registered"]}, ends),
        Line(
            f"教学计划:{course['plan_days']} 天 {course['plan_hours']} 课时",
            course["plan_days"] == 16 and course["plan_hours"] >= 128,
        ),
    ]


def _infrastructure(stats: Stats) -> list[Line]:
    left = pending_work(stats)
    published = sum(sum(one["published"].values()) for one in stats.values())
    handled = sum(sum(one["heard"].values()) for one in stats.values())
    dead = stats["portal"]["domain"]["dead_letters"]
    failed = sum(one["jobs"].get("failed", 0) for one in stats.values())
    done = sum(one["jobs"].get("done", 0) for one in stats.values())
    breaks = {name: one["audit_break"] for name, one in stats.items() if one["audit_break"] is not None}
    return [
        Line(f"{published} 个事件,每个绑定队列恰好办理一次(共 {handled} 次){':' + left[0] if left else ''}", not left),
        Line(f"死信:{dead}", dead == 0),
        Line(f"任务:{done} 个完成,{failed} 个失败", failed == 0),
        Line(f"审计链完整{':' + str(breaks) if breaks else ''}", not breaks),
    ]
