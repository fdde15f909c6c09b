"""Freeze and release of the ranking: preconditions, second person, and the published results."""

from datetime import UTC, datetime

import pytest

from services.demo.programme import CODE
from services.review import actions, queries
from services.review.models import Admission, LetterRow, RankedCase, Ranking
from services.review.states import LetterKind, RankingState, SeatState
from shared.events.review import ApplicantNotSelected, ApplicantWaitlisted, RefundOrdered, StudentAdmitted
from shared.events.scheduling import InterviewMissed
from shared.foundation.errors import Conflict, Forbidden, Invalid
from shared.persistence.models import AuditRow
from tests.review.stage import FREEZE, RELEASE
from tests.review.submissions import case_id


def freeze(review, actor="secretary"):
    review.act(actions.freeze_ranking, CODE, actor=actor)


def release(review, actor="chair"):
    review.act(actions.release_ranking, CODE, actor=actor)


def miss(review, number):
    event = InterviewMissed(application_id=case_id(number), programme=CODE, missed_at=review.now, final=True)
    review.handle(event)


def test_a_freeze_stores_the_order_with_its_inputs(review):
    review.ready(70, 90, 80)
    review.travel(FREEZE)
    freeze(review)
    assert review.ranks() == [1, 2, 0]
    row = review.row(RankedCase, case_id(1))
    assert (row.inputs["interview"], row.weighted_interview, row.total, row.rank) == (9000, 4500, 8000, 1)
    ranking = review.row(Ranking, CODE)
    assert (ranking.state, ranking.formula, ranking.quota, ranking.frozen_by) == ("frozen", "2021.1", 3, "secretary")
    with review.reading() as session:
        assert queries.is_reproducible(session, CODE)


def test_a_tampered_frozen_list_is_not_reproducible(review):
    review.ready(70, 90)
    review.travel(FREEZE)
    freeze(review)
    with review.process.database.transaction() as uow:
        uow.session.get_one(RankedCase, case_id(0)).total = 9999
    with review.reading() as session:
        assert not queries.is_reproducible(session, CODE)


def test_a_freeze_lists_everything_undecided(review):
    review.ready(70)
    review.arrive(1, 2, 3, 4)
    review.act(actions.return_for_correction, case_id(2), [("form", "模糊")])
    review.verify(3, 4)
    review.desk(4)
    review.book(4)
    review.judge(4, 80, 80)
    review.travel(FREEZE)
    with pytest.raises(Conflict) as refused:
        freeze(review)
    assert [(error.field[-4:], error.code) for error in refused.value.field_errors] == [
        ("0002", "open"),
        ("0003", "returned"),
        ("0004", "desk-points"),
        ("0004", "interview"),
        ("0005", "sheets"),
    ]


def test_a_freeze_before_the_window_closes_is_refused(review):
    review.ready(70)
    review.publish_programme(version=2, quota=3, waiting_list_places=2, closes_at="2021-12-06T16:00:00Z")
    with pytest.raises(Conflict, match="报名尚未截止"):
        freeze(review)


def test_a_second_freeze_is_refused(review):
    review.ready(70)
    review.travel(FREEZE)
    freeze(review)
    with pytest.raises(Conflict):
        freeze(review, actor="chair")


def test_scores_and_panels_do_not_change_after_the_freeze(review):
    review.ready(70)
    review.travel(FREEZE)
    freeze(review)
    with pytest.raises(Conflict, match="已冻结"):
        review.desk(0, firm=30)
    with pytest.raises(Conflict, match="已冻结"):
        review.judge(0, 100)
    review.book(0)
    miss(review, 0)
    assert (review.case(0).interview_points, review.case(0).missed_for_good) == (7000, False)


def test_a_tie_at_the_last_seat_needs_the_committees_decision(review):
    review.ready(90, 85, 70, 70)
    firms = [review.case(number).content["firm"] for number in (2, 3)]
    with review.process.database.transaction() as uow:
        for number in (2, 3):
            row = uow.session.get_one(type(review.case(0)), case_id(number))
            row.content = row.content | {"firm": firms[0]}
    review.travel(FREEZE)
    with pytest.raises(Conflict) as refused:
        freeze(review)
    assert refused.value.code == "tie"
    assert "第 3 至 4 名" in str(refused.value.field_errors[0])

    def decide(*numbers, reason="企业经营实绩更优"):
        order = [case_id(number) for number in numbers]
        review.act(actions.record_tie_decision, CODE, order, reason=reason, actor="chair")

    for wrong in ((0, 1), (2,), (2, 3, 1)):
        with pytest.raises(Invalid, match="恰好"):
            decide(*wrong)
    with pytest.raises(Invalid, match="理由"):
        decide(3, 2, reason="")
    decide(2, 3)
    decide(3, 2)
    freeze(review)
    assert review.ranks() == [0, 1, 3, 2]
    assert review.row(RankedCase, case_id(3)).note == "同分：评审委员会决定先后"
    with pytest.raises(Conflict):
        decide(2, 3)
    with review.reading() as session:
        assert queries.is_reproducible(session, CODE)


def test_the_release_needs_a_second_person(review):
    review.ready(70)
    review.travel(FREEZE)
    with pytest.raises(Conflict):
        release(review)
    freeze(review)
    with pytest.raises(Forbidden, match="另一位"):
        release(review, actor="secretary")
    release(review)
    with pytest.raises(Conflict):
        release(review)


def test_the_release_waits_for_the_publicity_period(review):
    review.publish_programme(quota=3, waiting_list_places=2, publicity_days=3, version=2)
    review.ready(70)
    review.travel(FREEZE)
    freeze(review)
    review.travel(datetime(2021, 12, 12, 15, 59, tzinfo=UTC))
    with pytest.raises(Conflict, match="2021年12月13日00:00"):
        release(review)
    review.travel(datetime(2021, 12, 12, 16, tzinfo=UTC))
    release(review)
    assert review.row(Ranking, CODE).state == RankingState.RELEASED


def test_a_release_after_the_payment_deadline_is_refused(review):
    review.ready(70)
    review.travel(FREEZE)
    freeze(review)
    review.travel(review.programme.pay_by)
    with pytest.raises(Conflict, match="缴费期限已过"):
        release(review)


def test_the_quota_is_admitted_the_next_wait_and_the_rest_are_refunded(review):
    review.released(60, 65, 70, 75, 80, 85)
    assert review.seats() == {
        5: SeatState.HELD,
        4: SeatState.HELD,
        3: SeatState.HELD,
        2: SeatState.WAITING,
        1: SeatState.WAITING,
        0: SeatState.NOT_SELECTED,
    }
    admitted = review.published(StudentAdmitted)
    assert [(event.rank, event.promoted, event.pay_by) for event in admitted] == [
        (rank, False, review.programme.pay_by) for rank in (1, 2, 3)
    ]
    assert [event.letter_no for event in admitted] == [f"渝领训〔2021〕{number}号" for number in (1, 2, 3)]
    assert [event.rank for event in review.published(ApplicantWaitlisted)] == [1, 2]
    assert [event.rank for event in review.published(ApplicantNotSelected)] == [6]
    assert [event.application_id for event in review.published(RefundOrdered)] == [case_id(0)]
    assert [row.programme_version for row in review.rows(Admission)] == [1, 1, 1]


def test_fewer_candidates_than_seats_are_all_admitted(review):
    review.released(60, 65)
    assert set(review.seats().values()) == {SeatState.HELD}


def test_a_person_who_missed_the_interview_for_good_is_not_selected(review):
    review.ready(70)
    review.arrive(1)
    review.verify(1)
    review.book(1)
    miss(review, 1)
    review.travel(FREEZE)
    freeze(review)
    release(review)
    assert review.ranks() == [0]
    assert [(event.application_id, event.rank) for event in review.published(ApplicantNotSelected)] == [
        (case_id(1), None)
    ]


def test_a_withdrawal_between_freeze_and_release_admits_the_next(review):
    review.ready(60, 65, 70, 75)
    review.travel(FREEZE)
    freeze(review)
    review.withdraw(3)
    review.travel(RELEASE)
    release(review)
    assert review.seats() == {2: SeatState.HELD, 1: SeatState.HELD, 0: SeatState.HELD}
    assert [event.rank for event in review.published(StudentAdmitted)] == [2, 3, 4]


def test_every_decision_creates_one_letter(review):
    review.released(60, 65, 70, 75, 80, 85)
    kinds = sorted(row.kind for row in review.rows(LetterRow))
    assert kinds == [LetterKind.ADMISSION] * 3 + [LetterKind.REFUSAL] + [LetterKind.WAITING_LIST] * 2


def test_the_release_is_audited_for_each_person(review):
    review.released(90, 85, 80, 75, 70, 65)
    records = [
        (row.subject, row.actor, row.details["rank"]) for row in review.rows(AuditRow) if row.action == "seat_held"
    ]
    assert records == [(str(case_id(number)), "chair", number + 1) for number in range(3)]
    others = {row.action: row.subject for row in review.rows(AuditRow) if row.action.startswith("seat_")}
    assert (others["seat_waiting"], others["seat_not_selected"]) == (str(case_id(4)), str(case_id(5)))
