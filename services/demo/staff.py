"""The fictitious staff: accounts with roles, judges with their employers, and the interview panels.

Called by the demo's player, which creates the accounts and books the interviews.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.demo.identifiers import credit_code

INTERVIEW_DAYS = (6, 7, 8)
SLOT = timedelta(minutes=30)
# 08:30 to 12:00 and 13:30 to 18:00 in Chongqing, as hours and slots in UTC.
HALF_DAYS = ((0, 30, 7), (5, 30, 9))


@dataclass(frozen=True)
class Account:
    """A staff account with its display name and roles."""

    account: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Judge:
    """An interviewer and the employing firm or school, which is the reason for a recusal."""

    account: str
    name: str
    employer: str
    employer_credit_code: str


@dataclass(frozen=True)
class Panel:
    """Five judges with a room and a meeting link, for candidates on site or online."""

    code: str
    room: str
    link: str
    judges: tuple[Judge, ...]


OFFICE = (
    Account("admin", "管维安", ("administrator",)),
    Account("intake01", "周知行", ("intake",)),
    Account("review01", "审思远", ("reviewer",)),
    Account("review02", "核清和", ("reviewer",)),
    Account("schedule01", "排云舒", ("scheduler",)),
    Account("chair", "主持正", ("committee",)),
    Account("secretary", "秘书言", ("committee",)),
    Account("finance01", "钱入账", ("finance",)),
    Account("finance02", "钱复核", ("finance_checker",)),
    Account("registrar01", "学籍明", ("registrar",)),
    Account("audit01", "稽核真", ("auditor",)),
)
JUDGE_NAMES = "评一川 评二泉 评三省 评四维 评五岳 评六合 评七弦 评八方 评九思 评十全 评百川 评千帆 评万里 评亿年 评兆丰"
EMPLOYERS = ("示例理工大学", "示例产业研究院", "示例会计师事务所", "示例投资管理有限公司", "示例工商管理学院")


def judges(linked_credit_codes: tuple[str, ...] = ()) -> tuple[Judge, ...]:
    """Return the fifteen judges, panel by panel.

    For each of `linked_credit_codes`, the first judge of the next panel works for that firm.
    """
    members = []
    for number, name in enumerate(JUDGE_NAMES.split()):
        employer = EMPLOYERS[number % len(EMPLOYERS)]
        members.append(
            Judge(f"judge{number + 1:02d}", name, employer, credit_code("110108", 9000 + number % len(EMPLOYERS)))
        )
    for panel, code in enumerate(linked_credit_codes):
        place = panel * 5
        members[place] = Judge(members[place].account, members[place].name, "申报企业（外部董事）", code)
    return tuple(members)


def staff() -> tuple[Account, ...]:
    """Return every account of the demo: office staff and judges."""
    return (*OFFICE, *(Account(judge.account, judge.name, ("judge",)) for judge in judges()))


def panels(linked_credit_codes: tuple[str, ...] = ()) -> tuple[Panel, ...]:
    """Return the three panels of five judges."""
    everyone = judges(linked_credit_codes)
    return tuple(
        Panel(
            code=f"第{number + 1}组",
            room=f"示例培训中心三楼面试室{number + 1}",
            link=f"https://meeting.example.com/zjtx-2021-{number + 1}",
            judges=everyone[5 * number : 5 * number + 5],
        )
        for number in range(3)
    )


def slots() -> tuple[tuple[datetime, datetime], ...]:
    """Return the 48 half-hour slots of 6, 7 and 8 December 2021 as (start, end) in UTC."""
    found = []
    for day in INTERVIEW_DAYS:
        for hour, minute, count in HALF_DAYS:
            start = datetime(2021, 12, day, hour, minute, tzinfo=UTC)
            found += [(start + SLOT * number, start + SLOT * (number + 1)) for number in range(count)]
    return tuple(found)
