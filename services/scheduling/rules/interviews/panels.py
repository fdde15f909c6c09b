"""Validation of panels and interview slots. Called by the actions that create them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from stdnum.cn import uscc

from shared.foundation.clock import local
from shared.foundation.errors import FieldError, Invalid, Joined, Message

SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=3)
MOST_HALF_DAYS = 60
CREDIT_CODE_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@dataclass(frozen=True)
class JudgeEntry:
    """A judge as entered: login account, name, and for recusal the credit codes of the employer and of every other firm
    to which the judge declares a link (shares, advice)."""

    account: str
    name: str
    employer_credit_code: str
    linked_credit_codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class HalfDay:
    """A period in which panels work without a break."""

    starts_at: datetime
    ends_at: datetime


def check_panel(code: str, *, room: str, link: str, judges: Sequence[JudgeEntry], seated: Mapping[str, str]) -> None:
    """Raise Invalid with one field error per mistake. `seated`: account -> the other panel that the judge sits on."""
    field_errors = [
        FieldError(name, "missing", "请填写{title}", {"title": title})
        for name, title, value in (
            ("code", Message("评审组名称"), code),
            ("room", Message("面试地点"), room),
            ("link", Message("会议链接"), link),
        )
        if not value.strip()
    ]
    if link.strip() and not link.startswith("https://"):
        field_errors.append(FieldError("link", "link", "会议链接应以 https:// 开头"))
    if not judges:
        field_errors.append(FieldError("judges", "missing", "请至少填写一位评委"))
    field_errors += [error for judge in judges for error in _judge_errors(judge, seated)]
    accounts = [judge.account for judge in judges]
    twice = sorted({account for account in accounts if accounts.count(account) > 1})
    field_errors += [
        FieldError("judges", "judge-twice", "评委账号 {account} 重复", {"account": account}) for account in twice
    ]
    if field_errors:
        raise Invalid(
            "评审组信息有误：{faults}。",
            code="panel",
            field_errors=field_errors,
            values={"faults": Joined(field_errors, "；")},
        )


def _judge_errors(judge: JudgeEntry, seated: Mapping[str, str]) -> list[FieldError]:
    field_errors = []
    if not judge.account or not judge.name:
        field_errors.append(FieldError("judges", "judge", "每位评委都要填写账号和姓名"))
    if not credit_code_is_valid(judge.employer_credit_code):
        field_errors.append(
            FieldError("judges", "credit-code", "{judge}的工作单位统一社会信用代码有误", {"judge": judge.name})
        )
    for code in judge.linked_credit_codes:
        if not credit_code_is_valid(code):
            values = {"judge": judge.name, "code": code}
            field_errors.append(
                FieldError("judges", "linked-code", "{judge}的关联企业统一社会信用代码 {code} 有误", values)
            )
    if judge.account in seated:
        field_errors.append(
            FieldError(
                "judges",
                "judge-seated",
                "{judge}已在“{seated}”",
                {"judge": judge.name, "seated": seated[judge.account]},
            )
        )
    return field_errors


def slot_times(
    half_days: Sequence[HalfDay],
    length: timedelta,
    *,
    known: Iterable[tuple[datetime, datetime]],
    now: datetime,
) -> list[tuple[datetime, datetime]]:
    """Return the new slots of the half-days, in order. A remainder shorter than `length` is dropped.

    `known` are the existing slots. Raises Invalid for a bad length, past times, and overlapping slots.
    """
    if not SHORTEST <= length <= LONGEST:
        raise Invalid("每场面试的时长应在 5 分钟至 3 小时之间。", code="slot-length")
    if not 0 < len(half_days) <= MOST_HALF_DAYS:
        raise Invalid("请填写 1 至 {most} 个半天。", code="slots", values={"most": MOST_HALF_DAYS})
    taken = set(known)
    fresh: list[tuple[datetime, datetime]] = []
    for half in sorted(half_days, key=lambda one: one.starts_at):
        new = [slot for slot in _cut(half, length) if slot not in taken]
        if new and half.starts_at <= now:
            raise Invalid(
                "{starts_at:%m月%d日%H:%M} 已经过去，请填写将来的时间。",
                code="slots-past",
                values={"starts_at": local(half.starts_at)},
            )
        fresh += new
    _check_apart([*taken, *fresh])
    return fresh


def _cut(half: HalfDay, length: timedelta) -> list[tuple[datetime, datetime]]:
    values = {"starts_at": local(half.starts_at)}
    if half.ends_at - half.starts_at < length:
        raise Invalid("{starts_at:%m月%d日%H:%M} 开始的半天短于一场面试，请检查结束时间。", code="slots", values=values)
    if half.ends_at - half.starts_at > timedelta(hours=14):
        raise Invalid("{starts_at:%m月%d日%H:%M} 开始的时段超过 14 小时，请按半天填写。", code="slots", values=values)
    count = (half.ends_at - half.starts_at) // length
    return [(half.starts_at + length * n, half.starts_at + length * (n + 1)) for n in range(count)]


def _check_apart(slots: Iterable[tuple[datetime, datetime]]) -> None:
    ordered = sorted(slots)
    for (_, ends_at), (starts_at, _) in pairwise(ordered):
        if starts_at < ends_at:
            raise Invalid(
                "{starts_at:%m月%d日%H:%M} 的时段与已有时段重叠，请调整。",
                code="slots-overlap",
                values={"starts_at": local(starts_at)},
            )


def credit_code_is_valid(code: str) -> bool:
    """Return whether the 18 characters end in the right check character (GB 32100-2015, MOD 31). A wrong code of an
    employer would silently disable a recusal."""
    if len(code) != 18 or not set(code) <= set(CREDIT_CODE_LETTERS):
        return False
    return bool(uscc.calc_check_digit(code[:17]) == code[17])
