"""Concurrent actions: seats never exceed the quota, and each action applies once."""

from concurrent.futures import ThreadPoolExecutor

from services.demo.programme import CODE
from services.review import actions
from services.review.models import Admission, LetterRow, ScoreSheet, Seat
from services.review.states import SeatState, WorkKind
from shared.events.review import InterviewScored, StudentAdmitted
from shared.foundation.errors import Refusal
from tests.review.sheets import sheet
from tests.review.stage import AFTER_PAY_BY, FREEZE, JUDGES, RELEASE
from tests.review.submissions import case_id


def run_concurrently(review, *calls):
    """Run each call in its own thread and transaction; return how many were not refused."""

    def attempt(call):
        action, arguments, more = call
        try:
            with review.process.database.transaction() as uow:
                action(uow, *arguments, now=review.now, **more)
        except Refusal:
            return 0
        return 1

    with ThreadPoolExecutor(len(calls)) as pool:
        return sum(pool.map(attempt, calls))


def held(review):
    return sum(row.state == SeatState.HELD for row in review.rows(Seat))


def test_concurrent_releases_release_once(review):
    review.ready(60, 65, 70, 75, 80, 85)
    review.travel(FREEZE)
    review.act(actions.freeze_ranking, CODE, actor="secretary")
    review.travel(RELEASE)
    done = run_concurrently(
        review, *[(actions.release_ranking, (CODE,), {"actor": f"chair{turn}"}) for turn in range(6)]
    )
    assert (done, held(review), len(review.published(StudentAdmitted))) == (1, 3, 3)
    assert len(review.rows(LetterRow)) == 6


def test_concurrent_promotions_and_late_payments_fill_only_free_seats(review):
    review.released(90, 85, 80, 75, 70)
    review.travel(AFTER_PAY_BY)
    for number in (0, 1):
        review.overdue(number)
    for item in review.items(WorkKind.LAPSE_PROPOSED):
        review.act(actions.confirm_lapse, item.id, actor="chair")
    for number in (0, 1):
        review.paid(number, AFTER_PAY_BY)
    late = [
        (actions.resolve_late_payment, (item.id, "seat"), {"actor": "chair"})
        for item in review.items(WorkKind.LATE_PAYMENT)
    ]
    promotions = [(actions.confirm_promotion, (case_id(number),), {"actor": "chair"}) for number in (3, 4, 3, 4)]
    done = run_concurrently(review, *late, *promotions)
    assert (done, held(review)) == (2, 3)
    assert len(review.rows(Admission)) == 5
    assert len({row.letter_no for row in review.rows(Admission)}) == 5


def test_concurrent_confirmations_of_a_lapse_apply_once(review):
    review.released(90)
    review.travel(AFTER_PAY_BY)
    review.overdue(0)
    [item] = review.items(WorkKind.LAPSE_PROPOSED)
    assert run_concurrently(review, *[(actions.confirm_lapse, (item.id,), {"actor": "chair"})] * 6) == 1


def test_five_concurrent_sheets_publish_one_score(review):
    review.arrive(0)
    review.verify(0)
    review.book(0)
    calls = [
        (
            actions.record_score_sheet,
            (case_id(0), sheet(80)),
            {"judge": judge.account, "actor": judge.account},
        )
        for judge in JUDGES
    ]
    assert run_concurrently(review, *calls) == 5
    assert (len(review.rows(ScoreSheet)), len(review.published(InterviewScored))) == (5, 1)


def test_a_score_concurrent_with_the_freeze_is_ranked_or_refused(review):
    review.ready(60, 70)
    review.travel(FREEZE)
    desk = (actions.score_materials, (case_id(0),), {"firm_points": 3000, "materials_points": 2000, "actor": "r"})
    freeze = (actions.freeze_ranking, (CODE,), {"actor": "secretary"})
    run_concurrently(review, desk, freeze)
    first = 0 if review.case(0).firm_points == 3000 else 1
    assert review.ranks()[0] == first
