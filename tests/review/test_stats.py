"""Review's statistics: every application has exactly one outcome."""

import itertools

import pytest

from services.review import actions, queries
from services.review.states import CASE_STEPS, SEAT_STEPS, CaseState, Fate, ReleaseReason, SeatState, fate
from tests.review.stage import AFTER_PAY_BY
from tests.review.submissions import case_id


def test_every_application_has_exactly_one_outcome(review):
    review.released(95, 90, 85, 80, 75, 70)
    review.arrive(6, 7, 8)
    review.act(actions.reject_application, case_id(6), reason="不真实")
    review.withdraw(7)
    review.act(actions.decline_seat, case_id(1), reason="工作调动", actor="chair")
    review.travel(AFTER_PAY_BY)
    review.overdue(0)
    [item] = review.items("lapse_proposed")
    review.act(actions.confirm_lapse, item.id, actor="chair")
    review.act(actions.confirm_promotion, case_id(3), actor="chair")
    review.run_jobs()

    with review.reading() as session:
        found = queries.stats(session)
    assert {name: found[name] for name in Fate} == {
        Fate.SEAT_HELD: 2,
        Fate.LAPSED: 1,
        Fate.DECLINED: 1,
        Fate.WAITING: 1,
        Fate.NOT_SELECTED: 1,
        Fate.REJECTED: 1,
        Fate.WITHDRAWN: 1,
        Fate.IN_PROCESS: 1,
        Fate.DROPPED_OUT: 0,
    }
    assert sum(found[name] for name in Fate) == found["cases"] == 9
    assert (found["admitted_events"], found["admissions"], found["promotions"]) == (4, 4, 1)
    assert found["letters_sent"] == 7
    assert (found["released_lapsed"], found["released_declined"], found["released_withdrawn"]) == (1, 1, 0)
    assert (found["cases_passed"], found["cases_open"]) == (6, 1)


def test_statistics_are_zero_without_applications(review):
    with review.reading() as session:
        assert set(queries.stats(session).values()) == {0}


def test_every_combination_of_states_has_one_outcome():
    for case, seat in itertools.product(CaseState, SeatState):
        reasons = list(ReleaseReason) if seat == SeatState.RELEASED else [None]
        assert all(isinstance(fate(case, seat, reason), Fate) for reason in reasons)
    assert [fate(case, None, None) for case in CaseState] == [
        Fate.IN_PROCESS,
        Fate.IN_PROCESS,
        Fate.IN_PROCESS,
        Fate.REJECTED,
        Fate.WITHDRAWN,
    ]


@pytest.mark.parametrize("steps", [CASE_STEPS, SEAT_STEPS])
def test_transition_tables_have_no_duplicates(steps):
    pairs = [(step.source, step.target) for step in steps]
    assert len(set(pairs)) == len(pairs)


def test_the_overview_counts_open_work_and_progress(review):
    review.ready(90)
    review.arrive(1)
    review.handle(review.submitted(2))
    review.arrive(3)
    review.verify(3)
    review.book(3)
    with review.reading() as session:
        waiting = queries.waiting_work(session, review.programme.code, now=review.now)
        steps = queries.progress(session, review.programme.code)
    named = ("to_check", "without_consent", "returned", "to_score", "sheets", "lapse_proposed")
    assert [waiting[name] for name in named] == [1, 1, 0, 1, 5, 0]
    assert steps == [("报名", 4), ("本人确认", 3), ("初审通过", 2), ("完成面试", 1), ("在册", 0)]
