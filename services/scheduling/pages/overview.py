"""The overview page: today's interviews, the next module of the course, and missed lessons."""

from datetime import date, datetime

from fastapi import APIRouter, Request, Response
from sqlmodel import Session

from services.scheduling.models import Lesson
from services.scheduling.pages.forms import Reader
from services.scheduling.pages.labels import HALVES, KINDS, MODES
from services.scheduling.pages.pictures import course_timeline
from services.scheduling.queries import course, interviews, roster
from services.scheduling.queries.programmes import chosen_programme, programmes
from services.scheduling.states import CandidateState, StudentState
from shared.dashboard import page
from shared.foundation.clock import local
from shared.http.fields import QueryCode
from shared.http.web import Now, ReadingSession

router = APIRouter(prefix="/scheduling", include_in_schema=False)


@router.get("/")
def show_overview(
    request: Request, actor: Reader, session: ReadingSession, now: Now, programme: QueryCode = ""
) -> Response:
    """Show the overview of a programme."""
    known = programmes(session)
    if not known:
        return page(request, "scheduling_empty.html", title="今日概况")
    chosen = chosen_programme(session, programme)
    lessons = [lesson for lesson in course.lessons_of(session, chosen.code) if not lesson.cancelled]
    today = local(now).date()
    shown = _day_shown(session, chosen.code, today)
    return page(
        request,
        "scheduling_overview.html",
        title="今日概况",
        subtitle=chosen.title,
        today=today,
        candidates=_by_name(interviews.candidates_by_state(session, chosen.code), CandidateState),
        students=_by_name(roster.students_by_state(session, chosen.code), StudentState),
        board=interviews.board(session, chosen.code, shown) if shown else None,
        timeline=course_timeline(lessons, chosen.plan, today=today),
        upcoming=_next_module(lessons, now),
        missing=course.missing_students(session, chosen.code),
        unrecorded=course.unrecorded_lessons(session, chosen.code, now=now),
        modes=MODES,
        halves=HALVES,
        kinds=KINDS,
    )


def _day_shown(session: Session, code: str, today: date) -> date | None:
    """Return today if it has slots, else the next day with slots, or None once all are over."""
    return next((day for day in interviews.interview_days(session, code) if day >= today), None)


def _next_module(lessons: list[Lesson], now: datetime) -> list[Lesson]:
    """Return the lessons of the module in progress, or else of the next one."""
    module = next((lesson.module for lesson in lessons if lesson.ends_at > now), None)
    return [lesson for lesson in lessons if lesson.module == module]


def _by_name(counts: dict[str, int], states: type[CandidateState] | type[StudentState]) -> dict[str, int]:
    return {str(state): counts.get(state, 0) for state in states}
