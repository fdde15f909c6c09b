"""JSON routes for machines that act as staff: the work lists of review with the ids and states that forms need.

Every list takes `programme`, the code; without it the newest programme is meant.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlmodel import Session

from services.review import queries
from services.review.schemas import AwaitedOut, CaseOut, PlaceOut, RankingOut, SheetOut, TieOut, WorkOut
from services.review.states import CaseState
from shared.errors import NotFound
from shared.events.intake import Programme
from shared.signin import Actor, staff
from shared.web import Now, ReadingSession

router = APIRouter(prefix="/review/api", tags=["review"])
Office = Annotated[Actor, Depends(staff("reviewer", "committee"))]
Committee = Annotated[Actor, Depends(staff("committee"))]
Judge = Annotated[Actor, Depends(staff("judge"))]
Code = Annotated[str, Query(alias="programme", max_length=40)]


def programme_asked(session: Session, code: str) -> Programme:
    """The programme of that code, or the newest. Raises NotFound before the first."""
    found = queries.programme_of(session, code) if code else queries.newest_programme(session)
    if found is None:
        raise NotFound("还没有收到培训项目，请先在报名受理中发布。", code="no-programme")
    return found


@router.get("/cases")
def cases(actor: Office, session: ReadingSession, code: Code = "", state: CaseState | None = None) -> list[CaseOut]:
    """The cases by application number; of one state, or all."""
    found = queries.cases_in(session, programme_asked(session, code).code, *([state] if state else []))
    seats = queries.seats_by_case(session, [case.id for case in found])
    return [CaseOut.of(case, seats.get(case.id)) for case in found]


@router.get("/cases/{case_id}")
def one_case(case_id: UUID, actor: Office, session: ReadingSession) -> CaseOut:
    """One case."""
    case = queries.case_with(session, case_id)
    return CaseOut.of(case, queries.seats_by_case(session, [case_id]).get(case_id))


@router.get("/sheets")
def own_sheets(actor: Judge, session: ReadingSession, code: Code = "") -> list[SheetOut]:
    """The candidates of the judge who asks, in the order of their interviews."""
    tasks = queries.judge_tasks(session, actor.account, programme_asked(session, code).code)
    return [SheetOut.of(task) for task in tasks]


@router.get("/sheets/awaited")
def awaited_sheets(actor: Committee, session: ReadingSession, code: Code = "") -> list[AwaitedOut]:
    """Every sheet that is still to come."""
    awaited = queries.sheets_awaited(session, programme_asked(session, code).code)
    return [AwaitedOut.of(case, member) for case, member in awaited]


@router.get("/ranking")
def ranking(actor: Committee, session: ReadingSession, code: Code = "") -> RankingOut:
    """The ranking, with what is missing before the freeze."""
    programme = programme_asked(session, code)
    row = queries.ranking_of(session, programme.code)
    is_draft = not row.frozen_at
    missing = queries.missing_decisions(session, programme.code) if is_draft else []
    ties = queries.open_ties(session, programme) if is_draft else []
    return RankingOut(
        programme=programme.code,
        state=row.state,
        frozen_by=row.frozen_by,
        released_by=row.released_by,
        missing=[fault.message for fault in missing],
        ties=[TieOut(case_ids=[UUID(key) for key in tie.keys], first=tie.first) for tie in ties],
        boundary=[UUID(key) for key in row.boundary],
        places=[PlaceOut.of(place) for place in queries.frozen_places(session, programme.code)],
    )


@router.get("/work")
def work(actor: Committee, session: ReadingSession, now: Now, code: Code = "") -> list[WorkOut]:
    """What waits for the committee: lapses, late payments, overrides, promotions."""
    entries = queries.work_list(session, programme_asked(session, code).code, now=now)
    return [WorkOut.of(entry) for entry in entries]
