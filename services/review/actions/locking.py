"""The rows that actions work on, locked. Used by this package only.

Whoever gives a seat or a number locks the programme's row, and that before any case; whoever freezes, releases or takes
over a revision locks every case too. Other handlers lock cases only, so that a batch never waits for a programme.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from services.review.errors import RankingFrozen, UnknownCase, UnknownProgramme
from services.review.models import Case, ProgrammeRow, Ranking, Seat
from services.review.states import CASE_STEPS, CASE_TITLES, CaseState, RankingState
from shared.events.intake import Programme
from shared.foundation.errors import Conflict, Message, OutOfOrder
from shared.foundation.transitions import check_step
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def locked_programme(uow: UnitOfWork, code: str) -> Programme:
    """The programme, its row locked and fresh. Raises UnknownProgramme."""
    query = for_update(select(ProgrammeRow).where(ProgrammeRow.code == code)).execution_options(populate_existing=True)
    row = uow.session.exec(query).one_or_none()
    if row is None:
        raise UnknownProgramme(code)
    return Programme.model_validate(row.data)


def programme_of(uow: UnitOfWork, code: str) -> Programme:
    """The programme as now published, fresh: a revision holds every case's lock, so under one the programme is settled."""
    return Programme.model_validate(uow.session.get_one(ProgrammeRow, code, populate_existing=True).data)


def locked_cases(uow: UnitOfWork, code: str) -> Sequence[Case]:
    """Every case of a programme, locked and fresh, by id."""
    query = for_update(select(Case).where(Case.programme == code).order_by(col(Case.id)))
    found: Sequence[Case] = uow.session.exec(query.execution_options(populate_existing=True)).all()
    return found


def locked_case(uow: UnitOfWork, case_id: UUID) -> Case:
    """The case, locked. Raises UnknownCase."""
    row = uow.get_locked(Case, case_id)
    if row is None:
        raise UnknownCase
    return row


def known_case(uow: UnitOfWork, case_id: UUID) -> Case:
    """The case, locked. Raises NotYet: what is said of it came before it."""
    try:
        return locked_case(uow, case_id)
    except UnknownCase as fault:
        raise OutOfOrder(f"case {case_id}") from fault


def ranking_of(uow: UnitOfWork, code: str) -> Ranking:
    """The ranking as last committed. Freeze and release hold every case's lock, so under a case's lock it is settled."""
    return uow.session.exec(
        select(Ranking).where(Ranking.programme == code).execution_options(populate_existing=True)
    ).one()


def case_to_score(uow: UnitOfWork, case_id: UUID) -> tuple[Case, Programme]:
    """A case that passed the authenticity check, locked, while scores may change, and its programme. Raises UnknownCase,
    RankingFrozen, Conflict."""
    case = locked_case(uow, case_id)
    if ranking_of(uow, case.programme).state != RankingState.DRAFT:
        raise RankingFrozen
    if case.state != CaseState.PASSED:
        values = {"student": case.student_name, "state": Message(CASE_TITLES[CaseState(case.state)])}
        raise Conflict("“{student}”为“{state}”，只有初审通过的才能评分。", code="state", values=values)
    return case, programme_of(uow, case.programme)


def seat_of(uow: UnitOfWork, case: Case) -> Seat | None:
    """The seat of a case whose lock the caller holds."""
    return uow.session.get(Seat, case.id, populate_existing=True)


def step_case(uow: UnitOfWork, case: Case, target: CaseState) -> None:
    """Moves a case on, by the table."""
    check_step(CASE_STEPS, CaseState(case.state), target, titles=CASE_TITLES)
    case.state = target
    uow.session.add(case)
