"""Queries on the ranking: its inputs, its missing decisions, and whether the frozen list follows from its inputs."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.review.models import Case, RankedCase, Ranking, TieDecision
from services.review.queries.programmes import programme_of
from services.review.rules.ranking import FORMULA, Entrant, Formula, OpenTie, rank_entrants
from services.review.states import CaseState
from shared.events.intake import Firm, Programme
from shared.foundation.clock import local
from shared.foundation.errors import FieldError, Message


def ranking_of(session: Session, programme: str) -> Ranking:
    """Return the ranking of a programme."""
    return session.get_one(Ranking, programme)


def frozen_places(session: Session, programme: str) -> Sequence[RankedCase]:
    """List the frozen places, best first; empty before the freeze."""
    query = select(RankedCase).where(RankedCase.programme == programme)
    return session.exec(query.order_by(col(RankedCase.rank))).all()


def entrants(session: Session, programme: Programme) -> list[Entrant]:
    """List everyone who passed and has all points, as input of the formula."""
    complete = select(Case).where(
        Case.programme == programme.code,
        Case.state == CaseState.PASSED,
        col(Case.interview_points).is_not(None),
        col(Case.firm_points).is_not(None),
    )
    year = local(programme.opens_at).year
    return [_entrant(case, year) for case in session.exec(complete).all()]


def _entrant(case: Case, year: int) -> Entrant:
    firm = Firm.model_validate(case.content["firm"])
    return Entrant(
        key=str(case.id),
        number=case.application_no,
        firm=case.firm_points or 0,
        materials=case.materials_points or 0,
        interview=case.interview_points or 0,
        untrimmed=case.untrimmed_points or 0,
        tier=firm.tier,
        newly_listed=firm.tier_year == year,
    )


def formula_of(session: Session, programme: Programme, *, with_decisions: bool = True) -> Formula:
    """Return the programme's formula, with the committee's decisions so far."""
    decided = select(TieDecision).where(TieDecision.programme == programme.code).order_by(col(TieDecision.decided_at))
    decisions = [decision.order for decision in session.exec(decided).all()] if with_decisions else []
    return Formula(programme.scoring, programme.quota, programme.waiting_list_places, decisions)


def open_ties(session: Session, programme: Programme) -> list[OpenTie]:
    """List the open ties that only the committee can break."""
    _places, ties = rank_entrants(entrants(session, programme), formula_of(session, programme))
    return ties


def missing_decisions(session: Session, code: str) -> list[FieldError]:
    """List everything undecided, with application number and name; empty if the ranking can be frozen. People who
    missed their interview for good need no points."""
    cases = session.exec(select(Case).where(Case.programme == code).order_by(col(Case.application_no))).all()
    field_errors = []
    for case in cases:
        if case.state == CaseState.OPEN:
            field_errors.append(_field_error(case, "open", Message("尚未完成初审")))
        elif case.state == CaseState.RETURNED:
            field_errors.append(_field_error(case, "returned", Message("退回补正尚未交回")))
        elif case.state == CaseState.PASSED and not case.missed_for_good:
            if case.firm_points is None:
                field_errors.append(_field_error(case, "desk-points", Message("缺企业信息分和学员资料分")))
            if case.interview_at is None:
                field_errors.append(_field_error(case, "interview", Message("尚未安排面试")))
            elif case.interview_points is None:
                field_errors.append(_field_error(case, "sheets", Message("面试评分表未齐")))
    return field_errors


def _field_error(case: Case, code: str, what: Message) -> FieldError:
    values = {"number": case.application_no, "student": case.student_name, "what": what}
    return FieldError(f"/cases/{case.application_no}", code, "{number} {student}：{what}", values)


def is_reproducible(session: Session, code: str) -> bool:
    """Return whether the frozen list follows, place by place, from its stored inputs."""
    ranking, places = ranking_of(session, code), frozen_places(session, code)
    if ranking.formula != FORMULA:
        return False
    frozen_numbers = {"quota": ranking.quota, "waiting_list_places": ranking.waiting_places}
    programme = programme_of(session, code).model_copy(update=frozen_numbers)
    recomputed, ties = rank_entrants([Entrant(**place.inputs) for place in places], formula_of(session, programme))
    stored = [(str(place.case_id), place.rank, place.total, place.outcome) for place in places]
    return not ties and stored == [(one.entrant.key, one.rank, one.total, one.outcome) for one in recomputed]
