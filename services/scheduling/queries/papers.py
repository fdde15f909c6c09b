"""Builds the contents of documents from rows. Called by the tasks that send them and the pages that show them."""

from datetime import datetime

from sqlmodel import Session

from services.scheduling.documents import (
    CertificateList,
    Certified,
    InterviewNotice,
    NotCertified,
    NotCertifiedList,
    Signer,
    SignInSheet,
    TeachingCalendar,
)
from services.scheduling.documents import Lesson as CalendarLesson
from services.scheduling.models import Interview, Lesson, Plan
from services.scheduling.queries.course import lessons_of
from services.scheduling.queries.plans import plan_value, teachers, venues
from services.scheduling.queries.programmes import programme_of
from services.scheduling.queries.roster import certificates, in_course
from shared.foundation.clock import local


def interview_notice_of(session: Session, booking: Interview, *, now: datetime) -> InterviewNotice:
    """Return the content of the notice of a booking."""
    programme = programme_of(session, booking.programme)
    return InterviewNotice(
        programme=programme.title,
        institution=programme.institution,
        name=booking.candidate_name,
        firm=booking.firm_name,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        mode="online" if booking.mode == "online" else "on_site",
        place=booking.place,
        panel=booking.panel,
        issued_on=local(booking.booked_at).date(),
        now=now,
    )


def calendar_of(session: Session, plan: Plan, *, now: datetime) -> TeachingCalendar:
    """Return the content of the teaching calendar: the whole plan by half-day."""
    programme = programme_of(session, plan.programme)
    staff = {str(row.id): row for row in teachers(session)}
    places = {str(row.id): row.name for row in venues(session)}
    lessons = tuple(
        CalendarLesson(
            module=module.number,
            on=one.on,
            half=one.half.value,
            kind=one.kind.value,
            topic=f"{one.stage}：{one.topic}",
            teacher=staff[one.teacher_id].name,
            teacher_kind="mentor" if staff[one.teacher_id].kind == "mentor" else "professor",
            place=places[one.venue_id],
            region=module.region,
            hours=one.hours,
        )
        for module in plan_value(plan).modules
        for one in module.sessions
    )
    return TeachingCalendar(programme.title, programme.institution, plan.version or 0, lessons, now)


def sign_in_sheet_of(session: Session, lesson: Lesson, *, now: datetime) -> SignInSheet:
    """Return the content of the sign-in sheet of a lesson, with everyone who is in the course."""
    programme = programme_of(session, lesson.programme)
    return SignInSheet(
        programme=programme.title,
        module=lesson.module,
        on=lesson.on,
        half="am" if lesson.half == "am" else "pm",
        topic=f"{lesson.stage}：{lesson.topic}",
        teacher=lesson.teacher,
        place=lesson.venue,
        hours=lesson.hours,
        students=tuple(Signer(row.name, row.firm_name) for row in in_course(session, lesson.programme)),
        now=now,
    )


def certificate_list_of(session: Session, code: str, *, now: datetime) -> CertificateList:
    """Return the content of the certificate list, with the first and last day of the course."""
    programme = programme_of(session, code)
    held = [lesson.on for lesson in lessons_of(session, code) if not lesson.cancelled]
    first, last = (min(held), max(held)) if held else (programme.plan.first_day, programme.plan.last_day)
    rows = tuple(
        Certified(student.name, student.identity_mask, student.firm_name, row.hours)
        for row, student in certificates(session, code, certified=True)
    )
    return CertificateList(programme.title, programme.institution, first, last, rows, now)


def not_certified_list_of(session: Session, code: str, *, now: datetime) -> NotCertifiedList:
    """Return everyone who registered and is not certified, each with every reason."""
    programme = programme_of(session, code)
    rows = tuple(
        NotCertified(student.name, student.identity_mask, student.firm_name, row.hours, tuple(row.reasons))
        for row, student in certificates(session, code, certified=False)
    )
    return NotCertifiedList(programme.title, programme.institution, rows, now)
