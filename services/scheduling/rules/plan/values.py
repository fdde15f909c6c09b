"""Types of the teaching plan: constraints, resources, and the plan itself.

Built by queries/plans.py from rows; used by `teaching_plan` (solver) and `plan_checks`, and stored as rows again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from services.scheduling.rules.calendar import SATURDAY, Calendar, is_holiday, is_working_day
from shared.foundation.errors import FieldError, Invalid, Joined

# Notice, section three: the growth stages of a firm, and the main topics of the course.
STAGES = ("专精特新企业", "小巨人企业", "制造业单项冠军企业", "产业链领航企业")
TOPICS = ("高质量发展", "企业创新能力提升", "企业产业链地位强化", "企业竞争力打造")

Progress = Callable[[str], None]
"""Callback that receives a Chinese sentence about the progress of a long search."""


class Half(StrEnum):
    AM = "am"
    PM = "pm"


class LessonKind(StrEnum):
    PRACTICE = "practice"
    THEORY = "theory"


class TeacherKind(StrEnum):
    MENTOR = "mentor"
    PROFESSOR = "professor"


class VenueKind(StrEnum):
    CLASSROOM = "classroom"
    FIRM = "firm"


class PlanRule(StrEnum):
    """Named groups of constraints, for shortfalls and conflicts."""

    TOTAL_DAYS = "total_days"
    TOTAL_HOURS = "total_hours"
    MODULE_LENGTH = "module_length"
    FIRST_MODULE = "first_module"
    GAP = "gap"
    WITHIN_CYCLE = "within_cycle"
    NO_HOLIDAY = "no_holiday"
    BLOCKED_DATES = "blocked_dates"
    REGIONS = "regions"
    PRACTICE_SHARE = "practice_share"
    SITE_SHARE = "site_share"
    MENTOR_SHARE = "mentor_share"
    TEACHERS = "teachers"
    VENUES = "venues"
    DOUBLE_BOOKING = "double_booking"


# Literal clauses of the 2021 notice. A rule without a clause is the office's own.
CLAUSES_2021: Mapping[PlanRule, str] = {
    PlanRule.TOTAL_DAYS: "全年集中授课16天",
    PlanRule.TOTAL_HOURS: "不少于128课时",
    PlanRule.MODULE_LENGTH: "每次2—3天",
    PlanRule.FIRST_MODULE: "开班时间暂定于2021年12月，具体开班时间以入学通知书为准",
    PlanRule.GAP: "每1—2月组织1次",
    PlanRule.WITHIN_CYCLE: "本期培训周期为1年",
    PlanRule.REGIONS: "分阶段、分地域开课，多省地联合教学",
    PlanRule.PRACTICE_SHARE: "课程设置采取70%实战和30%理论相结合的形式",
    PlanRule.SITE_SHARE: "实战课程以专精特新成长示范企业为学习样板，通过企业现场教学",
    PlanRule.MENTOR_SHARE: "选聘50%的企业导师和50%的专家教授",
}


@dataclass(frozen=True)
class PlanConstraints:
    """The notice's requirements for a plan (section three); the defaults are the 2021 programme's.

    Percentages are of lesson hours (课时), tolerances in percentage points, gaps in days from start to start.
    """

    first_from: date
    first_until: date
    total_days: int = 16
    min_module_days: int = 2
    max_module_days: int = 3
    min_hours: int = 128
    am_hours: int = 4
    pm_hours: int = 4
    min_gap_days: int = 28
    max_gap_days: int = 62
    cycle_days: int = 365
    min_regions: int = 2
    home_region: str = ""
    practice_percent: int = 70
    practice_tolerance: int = 2
    mentor_percent: int = 50
    mentor_tolerance: int = 2
    min_site_percent_of_practice: int = 50
    blocked_dates: frozenset[date] = frozenset()
    stages: tuple[str, ...] = STAGES
    topics: tuple[str, ...] = TOPICS
    clauses: Mapping[PlanRule, str] = field(default_factory=lambda: CLAUSES_2021)

    def __post_init__(self) -> None:
        """Raise Invalid with one field error for each value that is invalid by itself."""
        field_errors = [
            FieldError(name, "plan_constraint", text) for name, is_wrong, text in self._checks() if is_wrong
        ]
        if field_errors:
            raise Invalid(
                "教学计划要求有误：{faults}",
                code="plan_constraints",
                field_errors=field_errors,
                values={"faults": Joined(field_errors, "；")},
            )

    def _checks(self) -> list[tuple[str, bool, str]]:
        percents = (self.practice_percent, self.mentor_percent, self.min_site_percent_of_practice)
        tolerances = (self.practice_tolerance, self.mentor_tolerance)
        return [
            ("first_until", self.first_until < self.first_from, "首次开课的最晚日期早于最早日期"),
            ("total_days", not 1 <= self.total_days <= 60, "集中授课天数应在 1 至 60 天之间"),
            (
                "max_module_days",
                not 1 <= self.min_module_days <= self.max_module_days <= 7,
                "每次授课天数应在 1 至 7 天之间，且最少天数不超过最多天数",
            ),
            ("min_hours", self.min_hours < 0, "最低课时不能为负"),
            ("am_hours", not (0 < self.am_hours <= 6 and 0 < self.pm_hours <= 6), "每半天课时应在 1 至 6 之间"),
            (
                "max_gap_days",
                not self.max_module_days <= self.min_gap_days <= self.max_gap_days <= 185,
                "两次开课的间隔应不短于一次授课的天数、不超过 185 天，且最短间隔不超过最长间隔",
            ),
            ("cycle_days", not 1 <= self.cycle_days <= 1100, "培训周期应在 1 至 1100 天之间"),
            ("min_regions", self.min_regions < 1, "授课地区至少 1 个"),
            ("practice_percent", not all(0 <= p <= 100 for p in percents), "比例应在 0 至 100 之间"),
            ("practice_tolerance", not all(0 <= p <= 100 for p in tolerances), "允许偏差应在 0 至 100 个百分点之间"),
            ("stages", not self.stages or not self.topics, "培养阶段和授课主题至少各填一项"),
        ]

    def hours_of(self, half: Half) -> int:
        return self.am_hours if half is Half.AM else self.pm_hours


@dataclass(frozen=True)
class Teacher:
    """A teacher, the regions taught in, and the unavailable dates (own, or booked by another plan)."""

    id: str
    name: str
    kind: TeacherKind
    regions: frozenset[str]
    unavailable: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Venue:
    """A classroom, or a firm that receives visits on its own working days, for some also Saturdays or Sundays."""

    id: str
    name: str
    region: str
    kind: VenueKind
    works_saturdays: bool = False
    works_sundays: bool = False
    unavailable: frozenset[date] = frozenset()


@dataclass(frozen=True)
class PlanResources:
    """Teachers, venues and the calendar."""

    teachers: tuple[Teacher, ...]
    venues: tuple[Venue, ...]
    calendar: Calendar


@dataclass(frozen=True)
class Session:
    """One half-day of teaching for the whole class."""

    on: date
    half: Half
    kind: LessonKind
    stage: str
    topic: str
    teacher_id: str
    venue_id: str
    hours: int


@dataclass(frozen=True)
class Module:
    """One block of teaching: half-days in order, within two or three days, in one region."""

    number: int
    region: str
    sessions: tuple[Session, ...]

    @property
    def dates(self) -> list[date]:
        return sorted({session.on for session in self.sessions})


@dataclass(frozen=True)
class Plan:
    """The whole course; `proven_best` is false if the search stopped at its limit with a valid plan."""

    modules: tuple[Module, ...]
    proven_best: bool = False

    @property
    def sessions(self) -> tuple[Session, ...]:
        return tuple(session for module in self.modules for session in module.sessions)


def teaches_on(teacher: Teacher, region: str, on: date) -> bool:
    return region in teacher.regions and on not in teacher.unavailable


def open_on(venue: Venue, on: date, calendar: Calendar) -> bool:
    """Return whether a venue is open. Classrooms are open daily; a firm is visited on its working days, never in a
    published holiday."""
    if on in venue.unavailable:
        return False
    if venue.kind is VenueKind.CLASSROOM or is_working_day(calendar, on):
        return True
    if is_holiday(calendar, on):
        return False
    return venue.works_saturdays if on.weekday() == SATURDAY else venue.works_sundays
