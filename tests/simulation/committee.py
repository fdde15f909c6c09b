"""Actors of a world: review's and scheduling's staff.

Each reads the current rows, takes at most one action and returns whether it did.
"""

from datetime import UTC, datetime, timedelta

from sqlmodel import col

from services.demo.staff import panels
from services.review import actions, queries
from services.review.models import Case, PanelMember, ProgrammeRow, Ranking, ScoreSheet, WorkItem
from services.review.rules.checklist import Check
from services.review.states import CaseState, RankingState, Verdict, WorkKind
from services.scheduling import actions as scheduling
from services.scheduling.models import Candidate, Interview, Panel, Proposal, Slot, Student
from services.scheduling.models import ProgrammeRow as SchedulingProgramme
from services.scheduling.rules.interviews.panels import HalfDay, JudgeEntry
from services.scheduling.rules.registration import Brought
from services.scheduling.states import BookingState, CandidateState, ProposalState, StudentState
from tests.simulation.stage import CODE, Stage

GOOD = {kind: Check(Verdict.PASSED, True) for kind in ("form", "licence", "identity")}
ITEMS = {"strategy": 3000, "innovation": 2500, "learning": 2000, "expression": 1500, "commitment": 1000}
DAY, EVENING = datetime(2021, 12, 6, 0, 30, tzinfo=UTC), datetime(2021, 12, 8, 10, 30, tzinfo=UTC)


def reviewer(stage: Stage) -> bool:
    """Check an open case: pass, return or reject it."""
    cases = stage.rows("review", Case, Case.state == CaseState.OPEN, col(Case.consented_at).is_not(None))
    if not cases:
        return False
    case = stage.rng.choice(cases)
    if stage.chance(f"rejected {case.platform_no}", 0.1):
        return stage.act("review", actions.reject_application, case.id, reason="材料不实", actor="review01")
    if case.revision == 1 and stage.chance(f"returned {case.platform_no}", 0.25):
        defects = [("identity", "身份证扫描件模糊")]
        return stage.act("review", actions.return_for_correction, case.id, defects, actor="review01")
    stage.act("review", actions.check_scans, case.id, GOOD, actor="review01")
    return stage.act("review", actions.pass_authenticity, case.id, actor="review01")


def unconfirmed_rejecter(stage: Stage) -> bool:
    """Reject, before the interviews, all applications without confirmed consent."""
    cases = stage.rows("review", Case, Case.state == CaseState.OPEN, col(Case.consented_at).is_(None))
    return stage.act_on_any(
        cases,
        lambda case: stage.act("review", actions.reject_application, case.id, reason="未确认同意书", actor="review01"),
    )


def preparer(stage: Stage) -> bool:
    """Enter two panels and the slots of the first day."""
    if not stage.rows("scheduling", SchedulingProgramme):
        return False
    known = {row.code for row in stage.rows("scheduling", Panel)}
    for panel in panels()[:2]:
        if panel.code not in known:
            judges = [JudgeEntry(one.account, one.name, one.employer_credit_code) for one in panel.judges]
            fields = {"room": panel.room, "link": panel.link, "judges": judges}
            return stage.act("scheduling", scheduling.define_panel, CODE, panel.code, **fields, actor="schedule01")
    if stage.rows("scheduling", Slot):
        return False
    return _slots(stage, DAY, hours=4)


def second_date(stage: Stage) -> bool:
    """Add the evening slots for candidates who missed their interview."""
    late = [row for row in stage.rows("scheduling", Slot) if row.starts_at >= EVENING]
    return not late and _slots(stage, EVENING, hours=2)


def _slots(stage: Stage, start: datetime, *, hours: int) -> bool:
    half_days = [HalfDay(start, start + timedelta(hours=hours))]
    length = timedelta(minutes=30)
    return stage.act(
        "scheduling", scheduling.define_slots, CODE, half_days=half_days, length=length, actor="schedule01"
    )


def scheduler(stage: Stage) -> bool:
    """Request a proposal for all waiting candidates, or book a ready one."""
    proposals = stage.rows("scheduling", Proposal)
    ready = [row for row in proposals if row.state == ProposalState.READY]
    if ready and stage.act("scheduling", scheduling.book_interviews, ready[-1].id, actor="schedule01"):
        return True
    waiting = stage.rows("scheduling", Candidate, Candidate.state == CandidateState.WAITING)
    if not waiting or any(row.state == ProposalState.SOLVING for row in proposals):
        return False
    return stage.act("scheduling", scheduling.propose_interviews, CODE, actor="schedule01")


def attendance_clerk(stage: Stage) -> bool:
    """Record the no-show of a candidate whose interview has begun, at the first or second date."""
    current = stage.rows("scheduling", Interview, Interview.state == BookingState.CURRENT)
    for row in current:
        candidate = stage.rows("scheduling", Candidate, Candidate.application_id == row.application_id)[0]
        absent = stage.chance(
            f"absent {candidate.misses} {candidate.application_no}", 0.2 if not candidate.misses else 0.5
        )
        if absent and row.starts_at <= stage.clock.now():
            return stage.act("scheduling", scheduling.record_no_show, row.application_id, actor="schedule01")
    return False


def judge(stage: Stage) -> bool:
    """Lock one judge's sheet for one candidate whose interview is over."""
    sheets = {(row.case_id, row.judge) for row in stage.rows("review", ScoreSheet)}
    passed = stage.rows("review", Case, Case.state == CaseState.PASSED)
    over = {row.id for row in passed if row.interview_at and row.interview_at < stage.clock.now()}
    due = [
        row
        for row in stage.rows("review", PanelMember)
        if row.case_id in over and (row.case_id, row.judge) not in sheets
    ]
    if not due:
        return False
    member = stage.rng.choice(due)
    items = {name: most - 100 * stage.rng.randrange(8) for name, most in ITEMS.items()}
    return stage.act(
        "review", actions.record_score_sheet, member.case_id, items, judge=member.judge, actor=member.judge
    )


def desk(stage: Stage) -> bool:
    """Record the desk scores of one passed case."""
    cases = stage.rows("review", Case, Case.state == CaseState.PASSED, col(Case.firm_points).is_(None))
    if not cases:
        return False
    points = {"firm_points": 100 * stage.rng.randint(9, 30), "materials_points": 100 * stage.rng.randint(9, 20)}
    return stage.act("review", actions.score_materials, stage.rng.choice(cases).id, **points, actor="review01")


def chair(stage: Stage) -> bool:
    """Decide ties, freeze the ranking as chair, and release it as secretary."""
    rankings = stage.rows("review", Ranking)
    state = rankings[0].state if rankings else ""
    if state == RankingState.FROZEN:
        return stage.act("review", actions.release_ranking, CODE, actor="secretary")
    if state != RankingState.DRAFT:
        return False
    programme = stage.run_query("review", queries.programme_of, CODE)
    if not stage.run_query("review", queries.missing_decisions, CODE):
        for tie in stage.run_query("review", queries.open_ties, programme):
            keys = [row.id for row in stage.rows("review", Case) if str(row.id) in tie.keys]
            return stage.act("review", actions.record_tie_decision, CODE, keys, reason="合议决定", actor="chair")
    return stage.act("review", actions.freeze_ranking, CODE, actor="chair")


def committee(stage: Stage) -> bool:
    """Confirm lapses, resolve late payments, and confirm promotions to free seats."""
    if not stage.rows("review", ProgrammeRow):
        return False
    items = stage.rows("review", WorkItem, col(WorkItem.closed_at).is_(None))
    for item in items:
        if item.kind == WorkKind.LAPSE_PROPOSED:
            return stage.act("review", actions.confirm_lapse, item.id, actor="chair")
        if item.kind == WorkKind.LATE_PAYMENT:
            if stage.rng.random() < 0.5 and stage.act(
                "review", actions.resolve_late_payment, item.id, "seat", actor="chair"
            ):
                return True
            return stage.act("review", actions.resolve_late_payment, item.id, "refund", actor="chair")
    for due in stage.run_query("review", queries.promotions_due, CODE):
        return stage.act("review", actions.confirm_promotion, due.case_id, actor="chair")
    return False


def registrar(stage: Stage) -> bool:
    """Register an expected student who has paid and brings all documents."""
    expected = stage.rows("scheduling", Student, Student.state == StudentState.EXPECTED, col(Student.paid).is_(True))
    brought = Brought(original_form=True, two_photos=True, identity_seen=True)
    return stage.act_on_any(
        expected,
        lambda row: stage.act(
            "scheduling", scheduling.register_student, row.application_id, brought, actor="registrar01"
        ),
    )
