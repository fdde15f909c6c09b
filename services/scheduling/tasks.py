"""Background jobs of scheduling: the two searches, and the documents by mail. A repeated job replaces its mail.

The searches solve before they use the session, so that they hold no lock while they run.
"""

from functools import lru_cache
from uuid import UUID

from sqlmodel import select

from services.scheduling import actions, documents, jobs
from services.scheduling.actions.searches import set_progress
from services.scheduling.models import Candidate, Interview, Notice, Plan, Student
from services.scheduling.queries import papers
from services.scheduling.queries.assignments import PROBLEM as INTERVIEWS
from services.scheduling.queries.plans import PROBLEM as TEACHING
from services.scheduling.rules.interviews.solver import solve_interviews as find_schedule
from services.scheduling.rules.plan.conflicts import Infeasible
from services.scheduling.rules.plan.solver import solve_teaching_plan as find_plan
from services.scheduling.rules.plan.values import Progress
from shared.adapters.mail import Mail
from shared.adapters.typesetting import uncovered_in
from shared.context import Context
from shared.events import Sealed
from shared.foundation.clock import local
from shared.foundation.errors import Refusal
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def solve_interviews(uow: UnitOfWork, job: jobs.SolveInterviews, *, context: Context) -> str:
    """Search a panel and a slot for each waiting candidate; store the proposal, or the reason why there is none."""
    problem = INTERVIEWS.validate_python(job.problem)
    try:
        schedule = find_schedule(problem, progress=_progress_reporter(context, job.proposal_id))
    except Refusal as refusal:
        actions.give_up_proposal(uow, job.proposal_id, str(refusal), actor=context.actor, now=context.now)
        return refusal.code
    actions.store_proposal(uow, job.proposal_id, schedule, actor=context.actor, now=context.now)
    return f"placed {len(schedule.placements)}, unplaced {len(schedule.unplaced)}"


def solve_teaching_plan(uow: UnitOfWork, job: jobs.SolveTeachingPlan, *, context: Context) -> str:
    """Search a teaching plan; store it as a draft, or the rules that contradict each other."""
    problem = TEACHING.validate_python(job.problem)
    try:
        plan = find_plan(problem.constraints, problem.resources, progress=_progress_reporter(context, job.plan_id))
    except Infeasible as refusal:
        conflicts = [conflict.sentence for conflict in refusal.conflicts]
        actions.give_up_plan(uow, job.plan_id, str(refusal), conflicts, actor=context.actor, now=context.now)
        return refusal.code
    except Refusal as refusal:
        actions.give_up_plan(uow, job.plan_id, str(refusal), actor=context.actor, now=context.now)
        return refusal.code
    actions.store_plan(uow, job.plan_id, plan, actor=context.actor, now=context.now)
    return "best" if plan.proven_best else "found"


def send_interview_notice(uow: UnitOfWork, job: jobs.SendInterviewNotice, *, context: Context) -> str:
    """Print and send 面试通知, unless the notice is void because the booking was replaced or cancelled."""
    notice = _lock_notice(uow, job.notice_id)
    if notice.void:
        return "overtaken"
    booking = uow.session.get_one(Interview, notice.subject_id)
    candidate = uow.session.get_one(Candidate, notice.application_id)
    document = papers.interview_notice_of(uow.session, booking, now=context.now)
    if missing := uncovered_in(document):
        actions.hold_notice(uow, notice, missing, actor=context.actor, now=context.now)
        return "waits for a person"
    pdf = documents.interview_notice(document)
    text = (
        f"{candidate.name} 您好：\n\n您的面试安排在 {local(booking.starts_at):%Y年%m月%d日 %H:%M}，{booking.panel}，"
        f"{'线上，会议链接' if booking.mode == 'online' else '现场，地点'}：{booking.place}\n\n"
        "详见附件面试通知。此前收到的面试通知以本通知为准。"
    )
    _send(uow, notice, candidate.email, "面试通知", text, pdf, context)
    return "sent"


def send_schedule(uow: UnitOfWork, job: jobs.SendSchedule, *, context: Context) -> str:
    """Print and send 课程表 of the published plan to a student, unless a later version replaced it."""
    notice = _lock_notice(uow, job.notice_id)
    if notice.void:
        return "overtaken"
    plan = uow.session.get_one(Plan, notice.subject_id)
    student = uow.session.get_one(Student, notice.application_id)
    calendar = papers.calendar_of(uow.session, plan, now=plan.published_at or context.now)
    if missing := uncovered_in(calendar):
        actions.hold_notice(uow, notice, missing, actor=context.actor, now=context.now)
        return "waits for a person"
    pdf = _calendar_pdf(calendar)
    text = (
        f"{student.name} 您好：\n\n本期培训的课程表（第 {plan.version} 版）已发布，详见附件。"
        "此前收到的课程表以本版为准，请预留时间、准时参加。"
    )
    _send(uow, notice, student.email, f"课程表（第 {plan.version} 版）", text, pdf, context)
    return "sent"


@lru_cache(maxsize=4)
def _calendar_pdf(calendar: documents.TeachingCalendar) -> bytes:
    """Return the calendar as PDF. All students get the same file, dated when the plan was published, so it is
    cached."""
    return documents.teaching_calendar(calendar)


def _send(
    uow: UnitOfWork, notice: Notice, email: dict[str, str], title: str, text: str, pdf: bytes, context: Context
) -> None:
    address = context.tools.keys.open("contact", Sealed.model_validate(email))
    mail = Mail(id=notice.id, to=address, subject=title, text=text, attachments={f"{title}.pdf": pdf})
    context.tools.mailer.send(mail)
    actions.mark_sent(uow, notice, now=context.now)


def _lock_notice(uow: UnitOfWork, notice_id: UUID) -> Notice:
    found: Notice = uow.session.exec(for_update(select(Notice).where(Notice.id == notice_id))).one()
    return found


def _progress_reporter(context: Context, subject_id: UUID) -> Progress:
    def report(sentence: str) -> None:
        set_progress(context.tools.redis, subject_id, sentence)

    return report
