"""Queries on panels and score sheets: who scores whom, the sheets so far, and the awaited ones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import Session, col, select

from services.review.models import Case, PanelMember, ScoreSheet
from services.review.states import CaseState


@dataclass(frozen=True)
class JudgeTask:
    """One candidate of one judge. `others` holds the other judges' totals, but only once the judge's own sheet is
    locked."""

    case: Case
    member: PanelMember
    sheet: ScoreSheet | None
    others: tuple[int, ...]


def panel_members(session: Session, case_id: UUID) -> Sequence[PanelMember]:
    """List the judges of a case by account, including recused ones."""
    return session.exec(
        select(PanelMember).where(PanelMember.case_id == case_id).order_by(col(PanelMember.judge))
    ).all()


def sheet_versions(session: Session, case_id: UUID) -> Sequence[ScoreSheet]:
    """List every version of every sheet of a case, by judge and version."""
    query = select(ScoreSheet).where(ScoreSheet.case_id == case_id)
    return session.exec(query.order_by(col(ScoreSheet.judge), col(ScoreSheet.version))).all()


def latest_sheets(session: Session, case_id: UUID) -> dict[str, ScoreSheet]:
    """Map each judge to the latest version of the sheet."""
    return {sheet.judge: sheet for sheet in sheet_versions(session, case_id)}


def judge_tasks(session: Session, judge: str, programme: str) -> list[JudgeTask]:
    """List a judge's candidates in the order of their interviews."""
    pairs = session.exec(
        select(Case, PanelMember)
        .join(PanelMember, col(PanelMember.case_id) == col(Case.id))
        .where(PanelMember.judge == judge, Case.programme == programme, Case.state == CaseState.PASSED)
        .order_by(col(Case.interview_at), col(Case.application_no))
    ).all()
    sheets = _latest_of(session, [case.id for case, _member in pairs])
    tasks = []
    for case, member in pairs:
        case_sheets = sheets.get(case.id, {})
        own = case_sheets.get(judge)
        others = tuple(sorted(sheet.total for name, sheet in case_sheets.items() if name != judge)) if own else ()
        tasks.append(JudgeTask(case, member, own, others))
    return tasks


def sheets_awaited(session: Session, programme: str) -> list[tuple[Case, PanelMember]]:
    """List every awaited sheet of candidates who passed."""
    submitted = select(ScoreSheet.judge).where(
        ScoreSheet.case_id == PanelMember.case_id, ScoreSheet.judge == PanelMember.judge
    )
    found = session.exec(
        select(Case, PanelMember)
        .join(PanelMember, col(PanelMember.case_id) == col(Case.id))
        .where(
            Case.programme == programme,
            Case.state == CaseState.PASSED,
            col(PanelMember.recused_at).is_(None),
            ~submitted.exists(),
        )
        .order_by(col(Case.application_no), col(PanelMember.judge))
    ).all()
    return [(case, member) for case, member in found]


def awaited_by_judge(session: Session, programme: str) -> list[tuple[str, int]]:
    """List (judge's name, number of awaited sheets), most first."""
    counted = Counter(member.name for _case, member in sheets_awaited(session, programme))
    return counted.most_common()


def _latest_of(session: Session, case_ids: Sequence[UUID]) -> dict[UUID, dict[str, ScoreSheet]]:
    found: dict[UUID, dict[str, ScoreSheet]] = {}
    query = select(ScoreSheet).where(col(ScoreSheet.case_id).in_(case_ids)).order_by(col(ScoreSheet.version))
    for sheet in session.exec(query).all():
        found.setdefault(sheet.case_id, {})[sheet.judge] = sheet
    return found
