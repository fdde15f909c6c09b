"""Interview bookings from scheduling, and the judges' score sheets (notice, clause 5.4.2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import delete

from services.review.actions.locking import lock_case_for_event, lock_case_to_score, reload_programme, reload_ranking
from services.review.models import Case, PanelMember, ScoreSheet
from services.review.queries import latest_sheets, panel_members
from services.review.rules.scoring import check_sheet, mean, trimmed_mean
from services.review.states import RankingState
from shared.events.intake import Programme
from shared.events.review import InterviewScored
from shared.events.scheduling import InterviewScheduled, PanelJudge
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, Forbidden, Invalid
from shared.persistence.unit_of_work import UnitOfWork


def note_interview(uow: UnitOfWork, event: InterviewScheduled, *, actor: str, now: datetime) -> None:
    """Store time, place and panel of an interview; a later booking replaces them and keeps the sheets of judges who
    stay.

    After the freeze nothing changes.
    """
    case = lock_case_for_event(uow, event.application_id)
    if reload_ranking(uow, case.programme).state != RankingState.DRAFT:
        return
    case.panel, case.interview_at, case.interview_place = event.panel, event.starts_at, event.place
    case.booked_mode, case.missed_at, case.missed_for_good = event.mode, None, False
    panel = _replace_panel(uow, case, event.judges)
    uow.record("note_interview", str(case.id), actor=actor, now=now, details={"panel": event.panel})
    _update_points(
        uow, case, reload_programme(uow, case.programme), panel, latest_sheets(uow.session, case.id), now=now
    )


def _replace_panel(uow: UnitOfWork, case: Case, judges: Sequence[PanelJudge]) -> Sequence[PanelMember]:
    earlier = {member.judge: member for member in panel_members(uow.session, case.id)}
    panel = [
        earlier.pop(judge.account)
        if judge.account in earlier
        else PanelMember(case_id=case.id, judge=judge.account, name=judge.name)
        for judge in judges
    ]
    uow.session.add_all(panel)
    for member in earlier.values():
        uow.session.delete(member)
    return panel


def note_missed_interview(
    uow: UnitOfWork, case_id: UUID, *, missed_at: datetime, final: bool, actor: str, now: datetime
) -> None:
    """Record that the person missed the interview: no sheets are awaited. If `final`, the person gets no rank.

    After the freeze nothing changes.
    """
    case = lock_case_for_event(uow, case_id)
    if reload_ranking(uow, case.programme).state != RankingState.DRAFT:
        return
    case.missed_at, case.missed_for_good, case.interview_at = missed_at, final, None
    case.interview_points = case.untrimmed_points = None
    uow.session.exec(delete(PanelMember).where(PanelMember.case_id == case.id))  # type: ignore[arg-type]
    uow.session.add(case)
    uow.record("note_missed_interview", str(case.id), actor=actor, now=now, details={"final": final})


def record_score_sheet(
    uow: UnitOfWork,
    case_id: UUID,
    items: Mapping[str, int],
    *,
    judge: str,
    actor: str,
    now: datetime,
    from_paper: bool = False,
    reason: str = "",
) -> None:
    """Store and lock the sheet of a judge on the panel, points in hundredths. The last awaited sheet triggers
    InterviewScored.

    Judges submit their own sheets; the committee's secretary may type one `from_paper`, which the sheet records. A
    second sheet is a correction: a new version, with a reason. The same points again change nothing. Raises Conflict
    before the interview has begun.
    """
    case, programme = lock_case_to_score(uow, case_id)
    panel = panel_members(uow.session, case.id)
    member = _member(panel, case, judge)
    _check_may_score(case, member, actor=actor, now=now, from_paper=from_paper)
    check_sheet(items, programme.scoring)
    sheets = latest_sheets(uow.session, case.id)
    before = sheets.get(judge)
    if before and before.items == dict(items):
        return
    if before and len(reason.strip()) < 2:
        raise Invalid(
            "评委“{judge}”的评分表已锁定；更正请写明理由。", code="correction-reason", values={"judge": member.name}
        )
    sheet = ScoreSheet(
        case_id=case.id,
        judge=judge,
        version=before.version + 1 if before else 1,
        items=dict(items),
        total=sum(items.values()),
        keyed_by=actor if from_paper else None,
        reason=reason.strip(),
        programme_version=programme.version,
        locked_at=now,
    )
    uow.session.add(sheet)
    details = {"judge": judge, "version": sheet.version, "total": sheet.total, "from_paper": from_paper}
    uow.record("record_score_sheet", str(case.id), actor=actor, now=now, details=details)
    _update_points(uow, case, programme, panel, sheets | {judge: sheet}, now=now)


def _check_may_score(case: Case, member: PanelMember, *, actor: str, now: datetime, from_paper: bool) -> None:
    if actor != member.judge and not from_paper:
        raise Forbidden("评委只能提交自己的评分表。", code="own-sheet")
    if member.recused_at:
        raise Conflict("评委“{judge}”已回避，不再评分。", code="recused", values={"judge": member.name})
    if case.interview_at and now < case.interview_at:
        values = {"student": case.student_name, "starts_at": local(case.interview_at)}
        raise Conflict(
            "“{student}”的面试 {starts_at:%m月%d日%H:%M} 才开始，现在还不能评分。", code="too-early", values=values
        )


def declare_recusal(uow: UnitOfWork, case_id: UUID, *, reason: str, judge: str, actor: str, now: datetime) -> None:
    """Recuse a judge from a candidate, with a reason: the judge's sheet is no longer awaited. A repeat changes
    nothing."""
    case, programme = lock_case_to_score(uow, case_id)
    panel = panel_members(uow.session, case.id)
    member = _member(panel, case, judge)
    if actor != judge:
        raise Forbidden("回避须由评委本人声明。", code="own-sheet")
    if member.recused_at:
        return
    sheets = latest_sheets(uow.session, case.id)
    if judge in sheets:
        raise Conflict("您已提交这位候选人的评分表，不能再声明回避；请与评审委员会联系。", code="sheet-locked")
    if len(reason.strip()) < 2:
        raise Invalid("请写明回避的理由。", code="reason")
    member.recused_at, member.recusal_reason = now, reason.strip()
    uow.session.add(member)
    uow.record("declare_recusal", str(case.id), actor=actor, now=now, details={"reason": reason.strip()})
    _update_points(uow, case, programme, panel, sheets, now=now)


def _member(panel: Sequence[PanelMember], case: Case, judge: str) -> PanelMember:
    found = next((member for member in panel if member.judge == judge), None)
    if found is None:
        raise Forbidden(
            "您不是“{student}”面试组的评委，不能评分或回避。",
            code="not-on-panel",
            values={"student": case.student_name},
        )
    return found


def _update_points(
    uow: UnitOfWork,
    case: Case,
    programme: Programme,
    panel: Sequence[PanelMember],
    sheets: Mapping[str, ScoreSheet],
    *,
    now: datetime,
) -> None:
    """Compute the interview's points once every awaited sheet is in. Publish InterviewScored if they changed."""
    awaited = {member.judge for member in panel if not member.recused_at}
    before = case.interview_points
    totals = [sheet.total for judge, sheet in sheets.items() if judge in awaited]
    complete = bool(awaited) and len(totals) == len(awaited)
    case.interview_points = trimmed_mean(totals, trim_from=programme.scoring.trim_from_panel_size) if complete else None
    case.untrimmed_points = mean(totals) if complete else None
    uow.session.add(case)
    if case.interview_points is not None and case.interview_points != before:
        event = InterviewScored(
            application_id=case.id, programme=case.programme, points=case.interview_points, sheets=len(totals)
        )
        uow.publish(event, now=now)
