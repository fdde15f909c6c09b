"""Names and payloads of scheduling's slow jobs.

The two searches carry their whole problem: they solve before they touch the database, so that a long search holds no
lock, and what they solved can be read afterwards.
"""

from typing import Any, ClassVar
from uuid import UUID

from shared.jobs.job import Job


class SolveInterviews(Job):
    """Finds a panel and a slot for each waiting candidate."""

    NAME: ClassVar[str] = "solve_interviews"
    proposal_id: UUID
    problem: dict[str, Any]


class SolveTeachingPlan(Job):
    """Finds a year's teaching plan, or which of its rules contradict each other."""

    NAME: ClassVar[str] = "solve_teaching_plan"
    plan_id: UUID
    problem: dict[str, Any]


class SendInterviewNotice(Job):
    """Writes 面试通知 and sends it to the person."""

    NAME: ClassVar[str] = "send_interview_notice"
    notice_id: UUID


class SendSchedule(Job):
    """Writes 课程表 of the published plan and sends it to a student."""

    NAME: ClassVar[str] = "send_schedule"
    notice_id: UUID
