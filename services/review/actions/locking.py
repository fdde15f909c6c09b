"""Row locks for review's actions: `lock_...` returns the row or raises, `get_...` may return None.

Used by this package only. Lock order: the programme first, then its cases. Actions that allocate a seat or a letter
number lock the programme's row. Freeze, release and a revision of the programme also lock every case. Other handlers
lock cases only, so that a batch never waits for a programme.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from services.review.errors import RankingFrozen, UnknownCase, UnknownProgramme, UnknownWorkItem
from services.review.models import Case, ProgrammeRow, Ranking, Seat, WorkItem
from services.review.states import CASE_STEPS, CASE_TITLES, CaseState, RankingState
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Message, OutOfOrder
from shared.foundation.transitions import check_step
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def get_programme_row(uow: UnitOfWork, code: str) -> ProgrammeRow | None:
    """Lock, reload and return the row of a programme, or None."""
    return uow.get_locked(ProgrammeRow, code)


def lock_programme(uow: UnitOfWork, code: str) -> Programme:
    """Lock, reload and return a programme. Raises UnknownProgramme."""
    row = get_programme_row(uow, code)
    if row is None:
        raise UnknownProgramme(code)
    return Programme.model_validate(row.data)


def reload_programme(uow: UnitOfWork, code: str) -> Programme:
    """Return the programme as last committed. A revision locks every case, so it cannot change under a case's lock."""
    return Programme.model_validate(uow.session.get_one(ProgrammeRow, code, populate_existing=True).data)


def lock_cases(uow: UnitOfWork, code: str) -> Sequence[Case]:
    """Lock, reload and return every case of a programme, in id order."""
    query = for_update(select(Case).where(Case.programme == code).order_by(col(Case.id)))
    found: Sequence[Case] = uow.session.exec(query.execution_options(populate_existing=True)).all()
    return found


def lock_case(uow: UnitOfWork, case_id: UUID) -> Case:
    """Lock and return a case. Raises UnknownCase."""
    row = uow.get_locked(Case, case_id)
    if row is None:
        raise UnknownCase
    return row


def lock_case_for_event(uow: UnitOfWork, case_id: UUID) -> Case:
    """Lock and return the case of an event. Raises OutOfOrder if the event arrived before its case, so it is retried."""
    try:
        return lock_case(uow, case_id)
    except UnknownCase as error:
        raise OutOfOrder(f"case {case_id}") from error


def reload_ranking(uow: UnitOfWork, code: str) -> Ranking:
    """Return the ranking as last committed. Freeze and release lock every case, so it cannot change under a case's
    lock."""
    return uow.session.exec(
        select(Ranking).where(Ranking.programme == code).execution_options(populate_existing=True)
    ).one()


def lock_case_to_score(uow: UnitOfWork, case_id: UUID) -> tuple[Case, Programme]:
    """Lock and return a case whose scores may change, and its programme.

    Raises UnknownCase, RankingFrozen after the freeze, and Conflict unless the case passed the authenticity check.
    """
    case = lock_case(uow, case_id)
    if reload_ranking(uow, case.programme).state != RankingState.DRAFT:
        raise RankingFrozen
    if case.state != CaseState.PASSED:
        values = {"student": case.student_name, "state": Message(CASE_TITLES[CaseState(case.state)])}
        raise Conflict("“{student}”为“{state}”，只有初审通过的才能评分。", code="state", values=values)
    return case, reload_programme(uow, case.programme)


def get_seat(uow: UnitOfWork, case: Case) -> Seat | None:
    """Reload and return the seat of a case, or None. The caller holds the case's lock."""
    return uow.session.get(Seat, case.id, populate_existing=True)


def lock_work_item(uow: UnitOfWork, item_id: UUID) -> WorkItem:
    """Lock and return an open work item. Raises UnknownWorkItem if it was closed in the meantime."""
    item = uow.get_locked(WorkItem, item_id)
    if item is None or item.closed_at:
        raise UnknownWorkItem
    return item


def step_case(uow: UnitOfWork, case: Case, target: CaseState) -> None:
    """Change the state of a case. Raises Conflict if CASE_STEPS does not allow the transition."""
    check_step(CASE_STEPS, CaseState(case.state), target, titles=CASE_TITLES)
    case.state = target
    uow.session.add(case)
