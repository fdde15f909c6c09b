"""Panels and score sheets: permissions, completion of an interview, and corrections."""

from datetime import UTC, datetime, timedelta

import pytest

from services.demo.programme import CODE
from services.review import actions, queries
from services.review.models import ScoreSheet
from shared.events.review import InterviewScored
from shared.events.scheduling import InterviewMissed, PanelJudge
from shared.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from tests.review.sheets import sheet
from tests.review.stage import INTERVIEW, JUDGES
from tests.review.submissions import case_id


@pytest.fixture
def booked(review):
    """A review service with one candidate who has a panel of five."""
    review.arrive(0)
    review.verify(0)
    review.book(0)
    return review


def record(review, judge, total, **more):
    review.act(actions.record_score_sheet, case_id(0), sheet(total), **{"judge": judge, "actor": judge} | more)


def points(review):
    return [(event.points, event.sheets) for event in review.published(InterviewScored)]


def test_the_last_awaited_sheet_gives_the_interviews_points(booked):
    booked.judge(0, 90, 80, 70, 85)
    assert points(booked) == []
    record(booked, "judge05", 86)
    assert points(booked) == [(8367, 5)]
    assert (booked.case(0).interview_points, booked.case(0).untrimmed_points) == (8367, 8220)


def test_a_sheet_before_the_interview_is_refused_even_from_paper(booked):
    later = INTERVIEW + timedelta(hours=2)
    booked.handle(booked.scheduled(0, starts_at=later))
    booked.travel(later - timedelta(seconds=1))
    for more in ({}, {"actor": "secretary", "from_paper": True}):
        with pytest.raises(Conflict, match="12月06日11:00 才开始"):
            record(booked, "judge01", 80, **more)
    booked.travel(later)
    record(booked, "judge01", 80)
    assert [row.judge for row in booked.rows(ScoreSheet)] == ["judge01"]


def test_a_judge_of_another_panel_may_not_score(booked):
    with pytest.raises(Forbidden, match="不是"):
        record(booked, "judge09", 80)


def test_a_judge_may_not_submit_another_judges_sheet(booked):
    with pytest.raises(Forbidden, match="自己的"):
        record(booked, "judge01", 80, actor="judge02")


def test_a_sheet_from_paper_records_who_typed_it(booked):
    record(booked, "judge01", 80, actor="secretary", from_paper=True)
    assert [(row.judge, row.keyed_by) for row in booked.rows(ScoreSheet)] == [("judge01", "secretary")]


def test_a_correction_needs_a_reason_and_keeps_the_earlier_version(booked):
    record(booked, "judge01", 80)
    with pytest.raises(Invalid, match="理由"):
        record(booked, "judge01", 81)
    record(booked, "judge01", 81, reason="加总有误")
    assert [(row.version, row.total, row.reason) for row in booked.rows(ScoreSheet)] == [
        (1, 8000, ""),
        (2, 8100, "加总有误"),
    ]


def test_the_same_sheet_again_changes_nothing(booked):
    record(booked, "judge01", 80)
    record(booked, "judge01", 80)
    assert len(booked.rows(ScoreSheet)) == 1


def test_a_correction_after_the_last_sheet_publishes_the_new_points(booked):
    booked.judge(0, 80, 80, 80, 80, 80)
    record(booked, "judge01", 90, reason="漏加一项")
    assert points(booked) == [(8000, 5)]
    record(booked, "judge02", 89, reason="漏加一项")
    assert points(booked) == [(8000, 5), (8300, 5)]


def test_a_recused_judges_sheet_is_not_awaited_and_four_sheets_are_not_trimmed(booked):
    booked.act(actions.declare_recusal, case_id(0), reason="任职企业董事", judge="judge05", actor="judge05")
    booked.judge(0, 90, 80, 70, 85)
    assert points(booked) == [(8125, 4)]
    with pytest.raises(Conflict, match="已回避"):
        record(booked, "judge05", 80)


def test_a_recusal_that_comes_last_completes_the_interview(booked):
    booked.judge(0, 90, 80, 70, 85)
    booked.act(actions.declare_recusal, case_id(0), reason="任职企业董事", judge="judge05", actor="judge05")
    booked.act(actions.declare_recusal, case_id(0), reason="任职企业董事", judge="judge05", actor="judge05")
    assert points(booked) == [(8125, 4)]


def test_a_recusal_needs_a_reason_the_judge_in_person_and_no_sheet(booked):
    def recuse(reason, actor="judge01"):
        booked.act(actions.declare_recusal, case_id(0), reason=reason, judge="judge01", actor=actor)

    with pytest.raises(Invalid):
        recuse("")
    with pytest.raises(Forbidden):
        recuse("亲属", actor="chair")
    record(booked, "judge01", 80)
    with pytest.raises(Conflict, match="已提交"):
        recuse("亲属")


def test_a_case_is_not_scored_before_it_passes_the_authenticity_check(review):
    review.arrive(0)
    review.book(0)
    with pytest.raises(Conflict, match="初审通过"):
        record(review, "judge01", 80)
    with pytest.raises(Conflict, match="初审通过"):
        review.desk(0)
    with pytest.raises(NotFound):
        review.desk(7)


def test_desk_points_beyond_the_programmes_limits_are_refused(booked):
    with pytest.raises(Invalid, match="30"):
        booked.desk(0, firm=31)
    booked.desk(0, firm=30)
    booked.desk(0, firm=29)
    assert booked.case(0).firm_points == 2900


def test_a_later_booking_replaces_the_panel_and_keeps_the_remaining_judges_sheets(booked):
    record(booked, "judge01", 80)
    record(booked, "judge02", 60)
    booked.book(0, [JUDGES[0], PanelJudge(account="judge09", name="评委9")])
    record(booked, "judge09", 90)
    assert points(booked) == [(8500, 2)]


def test_a_missed_interview_awaits_no_sheets_until_it_is_booked_again(booked):
    missed = InterviewMissed(
        application_id=case_id(0), programme=CODE, missed_at=datetime(2021, 12, 6, 2, tzinfo=UTC), final=False
    )
    booked.handle(missed)
    with pytest.raises(Forbidden):
        record(booked, "judge01", 80)
    booked.book(0)
    booked.judge(0, 80, 80, 80, 80, 80)
    assert (points(booked), booked.case(0).missed_at) == ([(8000, 5)], None)


def test_a_judge_sees_other_totals_only_after_locking_a_sheet(booked):
    record(booked, "judge01", 80)
    with booked.reading() as session:
        [before] = queries.judge_tasks(session, "judge02", CODE)
        [own] = queries.judge_tasks(session, "judge01", CODE)
    record(booked, "judge02", 70)
    with booked.reading() as session:
        [after] = queries.judge_tasks(session, "judge02", CODE)
        assert queries.judge_tasks(session, "judge09", CODE) == []
    assert (before.others, own.others, after.others) == ((), (), (8000,))


def test_disagreements_use_the_latest_versions_of_sheets(booked):
    booked.judge(0, 60, 80)
    record(booked, "judge01", 75, reason="漏加一项")
    with booked.reading() as session:
        [found] = queries.disagreements(session, CODE)
    assert (found.lowest, found.highest, found.spread) == (7500, 8000, 500)
