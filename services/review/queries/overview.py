"""Queries of the overview page: open work, progress, and disagreement among judges."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from services.review.models import Case, ScoreSheet, Seat
from services.review.queries.cases import cases_in
from services.review.queries.letters import unsigned_letters
from services.review.queries.scores import sheets_awaited
from services.review.queries.seats import work_list
from services.review.states import CaseState, SeatState, WorkKind


@dataclass(frozen=True)
class Disagreement:
    """Spread of one candidate's sheets, in hundredths of the rubric's sum."""

    case: Case
    lowest: int
    highest: int

    @property
    def spread(self) -> int:
        """The highest minus the lowest total."""
        return self.highest - self.lowest


def waiting_work(session: Session, programme: str, *, now: datetime) -> dict[str, int]:
    """Count the open work of reviewers, the desk, judges and the committee."""
    cases = cases_in(session, programme)
    passed = [case for case in cases if case.state == CaseState.PASSED]
    kinds = Counter(entry.kind for entry in work_list(session, programme, now=now))
    return {
        "to_check": sum(case.state == CaseState.OPEN and case.consented_at is not None for case in cases),
        "without_consent": sum(case.state == CaseState.OPEN and case.consented_at is None for case in cases),
        "returned": sum(case.state == CaseState.RETURNED for case in cases),
        "to_score": sum(case.firm_points is None and not case.missed_for_good for case in passed),
        "sheets": len(sheets_awaited(session, programme)),
        "unsigned": len(unsigned_letters(session, programme)),
        **{kind: kinds[kind] for kind in WorkKind},
    }


def progress(session: Session, programme: str) -> list[tuple[str, int]]:
    """Return the funnel as (step, number of applications that reached it)."""
    cases = cases_in(session, programme)
    seats = Counter(session.exec(select(Seat.state).where(Seat.programme == programme)).all())
    return [
        ("报名", len(cases)),
        ("本人确认", sum(case.consented_at is not None for case in cases)),
        ("初审通过", sum(case.state == CaseState.PASSED for case in cases)),
        ("完成面试", sum(case.interview_points is not None for case in cases)),
        ("在册", seats[SeatState.HELD]),
    ]


def disagreements(session: Session, programme: str, *, most: int = 12) -> Sequence[Disagreement]:
    """List the candidates with the widest spread of sheets, widest first. Only the latest version of a sheet counts."""
    newest = (
        select(ScoreSheet.case_id, ScoreSheet.judge, func.max(ScoreSheet.version).label("version"))
        .group_by(col(ScoreSheet.case_id), col(ScoreSheet.judge))
        .subquery()
    )
    spans = session.exec(
        select(Case, func.min(ScoreSheet.total), func.max(ScoreSheet.total))
        .join(ScoreSheet, col(ScoreSheet.case_id) == col(Case.id))
        .join(
            newest,
            (newest.c.case_id == ScoreSheet.case_id)
            & (newest.c.judge == ScoreSheet.judge)
            & (newest.c.version == ScoreSheet.version),
        )
        .where(Case.programme == programme)
        .group_by(col(Case.id))
        .having(func.count() > 1)
        .order_by((func.max(ScoreSheet.total) - func.min(ScoreSheet.total)).desc(), col(Case.id))
        .limit(most)
    ).all()
    return [Disagreement(case, lowest, highest) for case, lowest, highest in spans]
