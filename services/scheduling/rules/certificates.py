"""Eligibility for the certificate list, and what each other student lacks.

Called by the action that records certificates and by queries. Source: notice, section three:
学员通过全部课程，经考核合格后颁发证书; 不少于128课时. The certificate's number is issued nationally, not here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.scheduling.states import Mark

ATTENDED = (Mark.PRESENT, Mark.MADE_UP)
GAPS: dict[Mark | None, str] = {Mark.ABSENT: "缺勤未补课", Mark.LEAVE: "请假未补课", None: "考勤未登记"}


@dataclass(frozen=True)
class ScheduledLesson:
    """A half-day of the plan in force; `hours` are lesson hours (课时). A cancelled one is not required and adds no
    hours."""

    id: str
    title: str
    ends_at: datetime
    hours: int
    cancelled: bool = False


@dataclass(frozen=True)
class Eligibility:
    """Eligibility of a person; `reasons` are the shortfalls in Chinese."""

    reasons: tuple[str, ...]
    attended_hours: int

    @property
    def is_eligible(self) -> bool:
        return not self.reasons


def attended_hours(lessons: Sequence[ScheduledLesson], marks: Mapping[str, Mark]) -> int:
    """Return the lesson hours attended or made up, as the subsidy form requires."""
    return sum(lesson.hours for lesson in lessons if not lesson.cancelled and marks.get(lesson.id) in ATTENDED)


def certificate_eligibility(
    lessons: Sequence[ScheduledLesson],
    marks: Mapping[str, Mark],
    assessments: Sequence[bool],
    *,
    now: datetime,
    min_hours: int,
) -> Eligibility:
    """Check that all lessons were attended or made up, that the last assessment was passed, and that the course had its
    full length.

    `marks`: lesson id -> mark; `assessments`: results in order, true for a pass; `min_hours`: the programme's (128 in
    the 2021 notice). A shorter course certifies no one until a make-up lesson is published and taught.
    """
    reasons = [
        *_course_shortfalls(lessons, now, min_hours),
        *_attendance_shortfalls([one for one in lessons if not one.cancelled and one.ends_at <= now], marks),
        *_assessment_shortfalls(assessments),
    ]
    return Eligibility(tuple(reasons), attended_hours(lessons, marks))


def _course_shortfalls(lessons: Sequence[ScheduledLesson], now: datetime, min_hours: int) -> list[str]:
    held = [lesson for lesson in lessons if not lesson.cancelled]
    ahead = sum(1 for lesson in held if lesson.ends_at > now)
    planned_hours = sum(lesson.hours for lesson in held)
    reasons = [f"还有 {ahead} 个半天的课程尚未讲授"] if ahead else []
    if planned_hours < min_hours:
        reasons.append(f"课程只有 {planned_hours} 课时，不足规定的 {min_hours} 课时，须先补充课次")
    return reasons


def _attendance_shortfalls(taught: Sequence[ScheduledLesson], marks: Mapping[str, Mark]) -> list[str]:
    """Return one sentence per kind of gap, naming its lessons."""
    return [
        f"{gap} {len(titles)} 个半天：{'、'.join(titles)}"
        for mark, gap in GAPS.items()
        if (titles := [lesson.title for lesson in taught if marks.get(lesson.id) == mark])
    ]


def _assessment_shortfalls(assessments: Sequence[bool]) -> list[str]:
    if not assessments:
        return ["尚未考核"]
    return [] if assessments[-1] else ["考核不合格"]
