"""Documents that are owed to people: a row each, so that those sent can be counted against those due."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.scheduling.jobs import SendInterviewNotice, SendSchedule
from services.scheduling.models import Interview, Notice, Plan, Student
from services.scheduling.states import NoticeKind
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def owe_interview_notice(uow: UnitOfWork, booking: Interview, *, now: datetime) -> None:
    """面试通知 for a booking, written and sent by a job."""
    notice = _owe(uow, NoticeKind.INTERVIEW, booking.application_id, booking.id, now=now)
    enqueue(uow, SendInterviewNotice(notice_id=notice.id))


def owe_schedule(uow: UnitOfWork, student: Student, plan: Plan, *, now: datetime) -> None:
    """课程表 of a published plan for one student, written and sent by a job; one that waits for an older plan is void."""
    older = select(Notice).where(
        Notice.application_id == student.application_id,
        Notice.kind == NoticeKind.SCHEDULE,
        col(Notice.sent_at).is_(None),
    )
    for row in uow.session.exec(older).all():
        row.void = True
        uow.session.add(row)
    notice = _owe(uow, NoticeKind.SCHEDULE, student.application_id, plan.id, now=now)
    enqueue(uow, SendSchedule(notice_id=notice.id))


def void_notices(uow: UnitOfWork, subject_id: UUID) -> None:
    """What was owed about this booking or plan and has not gone out need not go out any more."""
    unsent = select(Notice).where(Notice.subject_id == subject_id, col(Notice.sent_at).is_(None))
    for row in uow.session.exec(unsent).all():
        row.void = True
        uow.session.add(row)


def mark_sent(uow: UnitOfWork, notice: Notice, *, now: datetime) -> None:
    """The post took the document."""
    notice.sent_at = now
    uow.session.add(notice)


def _owe(uow: UnitOfWork, kind: NoticeKind, application_id: UUID, subject_id: UUID, *, now: datetime) -> Notice:
    notice = Notice(id=uuid4(), application_id=application_id, kind=kind, subject_id=subject_id, due_at=now)
    uow.session.add(notice)
    return notice
