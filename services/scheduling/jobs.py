"""Names and payloads of scheduling's background jobs.

The payloads of the two searches carry the whole problem: the jobs solve it before they use the database, so that a long
search holds no lock, and the solved problem can be inspected afterwards.
"""

from typing import Any, ClassVar
from uuid import UUID

from shared.jobs.job import Job


class SolveInterviews(Job):
    """Find a panel and a slot for each waiting candidate."""

    NAME: ClassVar[str] = "solve_interviews"
    proposal_id: UUID
    problem: dict[str, Any]


class SolveTeachingPlan(Job):
    """Find a year's teaching plan, or the rules that contradict each other."""

    NAME: ClassVar[str] = "solve_teaching_plan"
    plan_id: UUID
    problem: dict[str, Any]


class SendInterviewNotice(Job):
    """Print 面试通知 and send it to the candidate."""

    NAME: ClassVar[str] = "send_interview_notice"
    notice_id: UUID


class SendSchedule(Job):
    """Print 课程表 of the published plan and send it to a student."""

    NAME: ClassVar[str] = "send_schedule"
    notice_id: UUID
