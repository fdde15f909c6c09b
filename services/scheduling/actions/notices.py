"""Notices to people: one row each, so that sent ones can be counted against due ones."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.scheduling.jobs import SendInterviewNotice, SendSchedule
from services.scheduling.models import Interview, Notice, Plan, Student
from services.scheduling.states import NoticeKind
from shared.foundation.errors import Conflict
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork


def enqueue_interview_notice(uow: UnitOfWork, booking: Interview, *, now: datetime) -> None:
    """Enqueue the job that prints and sends 面试通知 for a booking."""
    notice = _add_notice(uow, NoticeKind.INTERVIEW, booking.application_id, booking.id, now=now)
    enqueue(uow, SendInterviewNotice(notice_id=notice.id))


def enqueue_schedule(uow: UnitOfWork, student: Student, plan: Plan, *, now: datetime) -> None:
    """Enqueue the job that prints and sends 课程表 of a published plan to one student. Unsent notices of older plans
    become void."""
    older = select(Notice).where(
        Notice.application_id == student.application_id,
        Notice.kind == NoticeKind.SCHEDULE,
        col(Notice.sent_at).is_(None),
    )
    for row in uow.session.exec(older).all():
        row.void = True
        uow.session.add(row)
    notice = _add_notice(uow, NoticeKind.SCHEDULE, student.application_id, plan.id, now=now)
    enqueue(uow, SendSchedule(notice_id=notice.id))


def void_notices(uow: UnitOfWork, subject_id: UUID) -> None:
    """Void the unsent notices of a booking or plan."""
    unsent = select(Notice).where(Notice.subject_id == subject_id, col(Notice.sent_at).is_(None))
    for row in uow.session.exec(unsent).all():
        row.void = True
        uow.session.add(row)


def mark_sent(uow: UnitOfWork, notice: Notice, *, now: datetime) -> None:
    """Record that the mailer accepted the document."""
    notice.sent_at, notice.held_for = now, ""
    uow.session.add(notice)


def hold_notice(uow: UnitOfWork, notice: Notice, characters: str, *, actor: str, now: datetime) -> None:
    """Hold a notice with `characters` that no font covers. A repeat replaces them."""
    notice.held_for = characters
    uow.session.add(notice)
    details = {"kind": notice.kind, "characters": characters}
    uow.record("hold_notice", str(notice.application_id), actor=actor, now=now, details=details)


def continue_notice(uow: UnitOfWork, notice_id: UUID, *, actor: str, now: datetime) -> Notice:
    """Enqueue the job of a held notice again, once a font covers its characters. Raises Conflict if it is not held."""
    notice = uow.get_locked(Notice, notice_id)
    if notice is None or not notice.held_for or notice.void:
        raise Conflict("这份通知不在等待处理，请刷新页面。", code="notice-not-held")
    notice.held_for = ""
    uow.session.add(notice)
    uow.record("continue_notice", str(notice.application_id), actor=actor, now=now, details={"kind": notice.kind})
    job = SendInterviewNotice if notice.kind == NoticeKind.INTERVIEW else SendSchedule
    enqueue(uow, job(notice_id=notice.id))
    return notice


def _add_notice(uow: UnitOfWork, kind: NoticeKind, application_id: UUID, subject_id: UUID, *, now: datetime) -> Notice:
    notice = Notice(id=uuid4(), application_id=application_id, kind=kind, subject_id=subject_id, due_at=now)
    uow.session.add(notice)
    return notice
