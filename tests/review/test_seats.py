"""Seats after the release: lapses, declined seats, promotions, and the beginning of the course."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from services.demo.programme import CODE
from services.review import actions, queries
from services.review.models import Seat
from services.review.states import SeatState, WorkKind
from shared.events.billing import RefundSent
from shared.events.review import RefundOrdered, SeatReleased, StudentAdmitted
from shared.events.scheduling import StudentRegistered
from shared.foundation.errors import Conflict, Forbidden, Invalid, NotFound, OutOfOrder
from tests.review.stage import AFTER_PAY_BY
from tests.review.submissions import case_id

PAID_LATE = datetime(2021, 12, 17, 3, tzinfo=UTC)
PAID_IN_TIME = datetime(2021, 12, 16, 15, 59, tzinfo=UTC)


def register(review, number):
    review.handle(StudentRegistered(application_id=case_id(number), programme=CODE, registered_at=review.now))


def test_an_overdue_fee_proposes_a_lapse_that_a_person_confirms(released):
    released.travel(AFTER_PAY_BY)
    released.overdue(0)
    released.overdue(0)
    assert released.seats()[0] == SeatState.HELD
    [item] = released.items(WorkKind.LAPSE_PROPOSED)
    released.act(actions.confirm_lapse, item.id, actor="chair")
    assert [event.reason for event in released.published(SeatReleased)] == ["lapsed"]
    assert [event.application_id for event in released.published(RefundOrdered)][-1] == case_id(0)
    with pytest.raises(NotFound, match="办结"):
        released.act(actions.confirm_lapse, item.id, actor="chair")
    with pytest.raises(NotFound):
        released.act(actions.confirm_lapse, uuid4(), actor="chair")


def test_a_seat_paid_in_time_does_not_lapse(released):
    released.travel(AFTER_PAY_BY)
    released.overdue(0)
    [item] = released.items(WorkKind.LAPSE_PROPOSED)
    released.paid(0, PAID_IN_TIME)
    assert released.items(WorkKind.LAPSE_PROPOSED) == []
    with pytest.raises(NotFound):
        released.act(actions.confirm_lapse, item.id, actor="chair")
    released.overdue(0)
    assert released.items(WorkKind.LAPSE_PROPOSED) == []


def test_a_free_seat_is_proposed_to_the_first_waiting_with_a_new_deadline(released):
    assert released.promotions_due() == []
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
    assert released.promotions_due() == [case_id(3)]
    with released.reading() as session:
        [entry] = queries.work_list(session, CODE, now=released.now)
    assert (entry.kind, entry.id, entry.data["waiting_rank"]) == (WorkKind.PROMOTION_PROPOSED, case_id(3), 1)
    released.promote(3)
    event = released.published(StudentAdmitted)[-1]
    assert (event.application_id, event.promoted, event.rank) == (case_id(3), True, 4)
    assert event.pay_by == datetime(2021, 12, 22, 16, tzinfo=UTC)
    assert entry.data["pay_by"] == event.pay_by.isoformat()
    assert event.letter_no == "渝领训〔2021〕4号"
    assert released.promotions_due() == []


def test_a_promotion_needs_a_free_seat_and_a_waiting_person(released):
    with pytest.raises(Conflict, match="没有空出"):
        released.promote(3)
    with pytest.raises(Conflict, match="不在候补"):
        released.promote(5)
    with pytest.raises(NotFound):
        released.promote(9)


def test_two_free_seats_go_to_the_first_two_in_any_order(released):
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
    released.lapse(1)
    released.promote(4)
    released.promote(3)
    assert released.seats()[3] == released.seats()[4] == SeatState.HELD


def test_an_override_needs_a_reason_and_a_second_person(released):
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
    with pytest.raises(Conflict, match="依次递补"):
        released.promote(4)

    def ask(reason, number=4):
        released.act(actions.request_override, case_id(number), reason=reason, actor="secretary")

    with pytest.raises(Invalid):
        ask("")
    with pytest.raises(Conflict, match="不在候补"):
        ask("区县推荐不足", number=1)
    ask("首位候补人联系不上")
    with pytest.raises(Conflict, match="已有人"):
        ask("首位候补人联系不上")
    with pytest.raises(Forbidden, match="另一位"):
        released.promote(4, actor="secretary")
    released.promote(4, actor="chair")
    assert (released.seats()[4], released.seats()[3]) == (SeatState.HELD, SeatState.WAITING)
    assert released.items(WorkKind.PROMOTION_OVERRIDE) == []


def test_an_admitted_person_may_decline_before_reporting(released):
    with pytest.raises(Invalid):
        released.act(actions.decline_seat, case_id(0), reason=" ", actor="chair")
    released.act(actions.decline_seat, case_id(0), reason="工作调动", actor="chair")
    assert [event.reason for event in released.published(SeatReleased)] == ["declined"]
    assert released.promotions_due() == [case_id(3)]
    with pytest.raises(Conflict, match="没有在册"):
        released.act(actions.decline_seat, case_id(0), reason="工作调动", actor="chair")


def test_a_registered_student_drops_out_and_the_office_decides_on_the_refund(released):
    with pytest.raises(Conflict, match="尚未报到"):
        released.act(actions.drop_out_student, case_id(0), reason="健康原因", refund=True, actor="chair")
    register(released, 0)
    with pytest.raises(Conflict, match="已报到"):
        released.act(actions.decline_seat, case_id(0), reason="健康原因", actor="chair")
    before = len(released.published(RefundOrdered))
    released.act(actions.drop_out_student, case_id(0), reason="健康原因", refund=False, actor="chair")
    assert [event.reason for event in released.published(SeatReleased)] == ["dropped_out"]
    assert len(released.published(RefundOrdered)) == before


def test_a_withdrawal_after_admission_releases_the_seat(released):
    released.withdraw(0)
    assert [event.reason for event in released.published(SeatReleased)] == ["withdrawn"]
    assert released.promotions_due() == [case_id(3)]


def test_a_withdrawal_from_the_waiting_list_promotes_the_next(released):
    released.withdraw(3)
    released.withdraw(0)
    assert released.promotions_due() == [case_id(4)]
    assert released.published(SeatReleased, 3) == []
    assert len(released.published(RefundOrdered, 3)) == 1


def test_a_person_with_a_seat_cannot_be_rejected(released):
    for number in (0, 3):
        with pytest.raises(Conflict, match="录取结果已发布"):
            released.act(actions.reject_application, case_id(number), reason="不真实")


def test_no_promotion_happens_once_the_course_has_begun(released):
    released.withdraw(0)
    released.travel(released.programme.report_at)
    with pytest.raises(Conflict, match="已关闭"):
        released.promote(3)
    with released.reading() as session:
        assert queries.work_list(session, CODE, now=released.now) == []


def test_registrations_and_refunds_are_stored(released):
    register(released, 0)
    first = RefundSent(application_id=case_id(5), programme=CODE, amount_fen=1_500_000, sent_at=PAID_IN_TIME)
    released.handle(first)
    assert released.case(5).refunded_fen == 1_500_000
    released.handle(first.model_copy(update={"amount_fen": 1_000_000, "total_fen": 2_500_000, "sent_at": PAID_LATE}))
    assert released.row(Seat, case_id(0)).registered_at == released.now
    assert (released.case(5).refunded_at, released.case(5).refunded_fen) == (PAID_LATE, 2_500_000)


def test_events_on_a_seat_before_the_release_raise_out_of_order(review):
    review.arrive(0)
    with pytest.raises(OutOfOrder):
        register(review, 0)
    with pytest.raises(Conflict, match="尚未发布"):
        review.promote(0)


def test_open_work_items_close_when_the_seat_changes(released):
    released.travel(AFTER_PAY_BY)
    released.overdue(0)
    released.act(actions.decline_seat, case_id(0), reason="工作调动", actor="chair")
    assert released.items(WorkKind.LAPSE_PROPOSED) == []
    released.act(actions.request_override, case_id(4), reason="首位失联", actor="secretary")
    released.withdraw(4)
    assert released.items(WorkKind.PROMOTION_OVERRIDE) == []
