"""JSON endpoints for programs that act as staff: review's work lists with the ids and states that the page forms need.

Every list takes `programme`, the code; the default is the newest programme.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.review import queries
from services.review.models import Case, PanelMember, Seat
from services.review.schemas import AwaitedOut, CaseOut, PlaceOut, RankingOut, SheetOut, TieOut, WorkOut
from services.review.states import CaseState, fate
from shared.foundation.language import localize
from shared.http.auth import CurrentUser, staff
from shared.http.web import Now, ReadingSession

router = APIRouter(prefix="/review/api", tags=["review"])
Office = Annotated[CurrentUser, Depends(staff("reviewer", "committee"))]
Committee = Annotated[CurrentUser, Depends(staff("committee"))]
Judge = Annotated[CurrentUser, Depends(staff("judge"))]
Code = Annotated[str, Query(alias="programme", max_length=40)]


@router.get("/cases")
def list_cases(
    actor: Office, session: ReadingSession, code: Code = "", state: CaseState | None = None
) -> list[CaseOut]:
    """List the cases by application number, of one state or all."""
    found = queries.cases_in(session, queries.chosen_programme(session, code).code, *([state] if state else []))
    seats = queries.seats_by_case(session, [case.id for case in found])
    return [_case_out(case, seats.get(case.id)) for case in found]


@router.get("/cases/{case_id}")
def read_case(case_id: UUID, actor: Office, session: ReadingSession) -> CaseOut:
    """Return one case."""
    case = queries.case_with(session, case_id)
    return _case_out(case, queries.seats_by_case(session, [case_id]).get(case_id))


@router.get("/sheets")
def list_own_sheets(actor: Judge, session: ReadingSession, code: Code = "") -> list[SheetOut]:
    """List the calling judge's candidates in the order of their interviews."""
    tasks = queries.judge_tasks(session, actor.account, queries.chosen_programme(session, code).code)
    return [_sheet_out(task) for task in tasks]


@router.get("/sheets/awaited")
def list_awaited_sheets(actor: Committee, session: ReadingSession, code: Code = "") -> list[AwaitedOut]:
    """List every sheet that is still awaited."""
    awaited = queries.sheets_awaited(session, queries.chosen_programme(session, code).code)
    return [_awaited_out(case, member) for case, member in awaited]


@router.get("/ranking")
def read_ranking(actor: Committee, session: ReadingSession, code: Code = "") -> RankingOut:
    """Return the ranking; before the freeze with the missing decisions and open ties."""
    programme = queries.chosen_programme(session, code)
    row = queries.ranking_of(session, programme.code)
    is_draft = not row.frozen_at
    missing = queries.missing_decisions(session, programme.code) if is_draft else []
    ties = queries.open_ties(session, programme) if is_draft else []
    return RankingOut(
        programme=programme.code,
        state=row.state,
        frozen_by=row.frozen_by,
        released_by=row.released_by,
        missing=[localize(error) for error in missing],
        ties=[TieOut(case_ids=[UUID(key) for key in tie.keys], first=tie.first) for tie in ties],
        boundary=[UUID(key) for key in row.boundary],
        places=[
            PlaceOut(**{name: getattr(place, name) for name in PlaceOut.model_fields})
            for place in queries.frozen_places(session, programme.code)
        ],
    )


@router.get("/work")
def list_work(actor: Committee, session: ReadingSession, now: Now, code: Code = "") -> list[WorkOut]:
    """List the committee's open work: lapses, late payments, overrides, promotions."""
    entries = queries.work_list(session, queries.chosen_programme(session, code).code, now=now)
    return [_work_out(entry) for entry in entries]


def _case_out(case: Case, seat: Seat | None) -> CaseOut:
    shared_fields = CaseOut.model_fields.keys() & Case.model_fields.keys()
    return CaseOut(
        **{name: getattr(case, name) for name in shared_fields},
        fate=fate(case.state, seat.state if seat else None, seat.release_reason if seat else None),
        scans=[scan["kind"] for scan in case.content["scans"]],
        seat=seat.state if seat else None,
        rank=seat.rank if seat else None,
        waiting_rank=seat.waiting_rank if seat else None,
        letter_no=seat.letter_no if seat else "",
        pay_by=seat.pay_by if seat else None,
    )


def _person(case: Case) -> dict[str, str]:
    return {name: getattr(case, name) for name in ("application_no", "platform_no", "student_name")}


def _sheet_out(task: queries.JudgeTask) -> SheetOut:
    case, sheet = task.case, task.sheet
    return SheetOut(
        **_person(case),
        case_id=case.id,
        firm_name=case.firm_name,
        credit_code=case.content["firm"]["credit_code"],
        panel=case.panel,
        interview_at=case.interview_at,
        total=sheet.total if sheet else None,
        version=sheet.version if sheet else 0,
        recused=task.member.recused_at is not None,
    )


def _awaited_out(case: Case, member: PanelMember) -> AwaitedOut:
    return AwaitedOut(**_person(case), case_id=case.id, panel=case.panel, judge=member.judge, judge_name=member.name)


def _work_out(entry: queries.WorkEntry) -> WorkOut:
    return WorkOut(
        **_person(entry.case),
        id=entry.id,
        kind=entry.kind,
        case_id=entry.case.id,
        since=entry.since,
        opened_by=entry.opened_by,
        data=entry.data,
    )
