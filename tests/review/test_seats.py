"""Seats after the release: lapses, declined seats, promotions, late payments, and the end of the waiting list."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.demo.programme import CODE
from services.review import actions, queries
from services.review.models import Seat
from services.review.states import SeatState, WorkKind
from services.review.worker import run_due
from shared.context import Context
from shared.events.billing import FeePaymentReversed, RefundSent
from shared.events.review import ApplicantNotSelected, RefundOrdered, SeatReleased, StudentAdmitted
from shared.events.scheduling import StudentRegistered
from shared.foundation.errors import Conflict, Forbidden, Invalid, NotFound, OutOfOrder
from tests.review.stage import AFTER_PAY_BY, case_id

PAID_LATE = datetime(2021, 12, 17, 3, tzinfo=UTC)
PAID_IN_TIME = datetime(2021, 12, 16, 15, 59, tzinfo=UTC)


@pytest.fixture
def released(review):
    """A released ranking: 0, 1, 2 hold the three seats, 3 and 4 wait, 5 is not selected."""
    review.released(90, 85, 80, 75, 70, 65)
    return review


def lapse(review, number):
    review.overdue(number)
    [item] = [item for item in review.items(WorkKind.LAPSE_PROPOSED) if item.case_id == case_id(number)]
    review.act(actions.confirm_lapse, item.id, actor="chair")


def promote(review, number, actor="chair"):
    review.act(actions.confirm_promotion, case_id(number), actor=actor)


def register(review, number):
    review.handle(StudentRegistered(application_id=case_id(number), programme=CODE, registered_at=review.now))


def due(review):
    with review.reading() as session:
        return [one.case_id for one in queries.promotions_due(session, CODE)]


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


def test_a_late_payment_for_a_held_seat_leaves_the_decision_to_a_person(released):
    released.travel(AFTER_PAY_BY)
    released.overdue(0)
    released.paid(0, PAID_LATE)
    [item] = released.items(WorkKind.LAPSE_PROPOSED)
    with pytest.raises(Invalid):
        released.act(actions.dismiss_lapse, item.id, reason="", actor="chair")
    released.act(actions.dismiss_lapse, item.id, reason="银行系统延误", actor="chair")
    assert (released.seats()[0], released.items(WorkKind.LAPSE_PROPOSED)) == (SeatState.HELD, [])


def test_a_late_payment_proposes_the_lapse_even_without_fee_overdue(released):
    released.travel(AFTER_PAY_BY)
    pay_by = released.row(Seat, case_id(0)).pay_by
    released.paid(0, pay_by)
    [item] = released.items(WorkKind.LAPSE_PROPOSED)
    assert item.data == {
        "paid_fen": 2_500_000,
        "pay_by": pay_by.isoformat(),
        "covered_until": pay_by.isoformat(),
    }
    released.act(actions.confirm_lapse, item.id, actor="chair")
    assert released.seats()[0] == SeatState.RELEASED


def test_a_late_payment_after_a_dismissal_proposes_nothing(released):
    released.travel(AFTER_PAY_BY)
    released.overdue(0)
    [item] = released.items(WorkKind.LAPSE_PROPOSED)
    released.act(actions.dismiss_lapse, item.id, reason="银行系统延误", actor="chair")
    released.paid(0, PAID_LATE)
    assert released.items(WorkKind.LAPSE_PROPOSED) == []


def test_an_overdue_fee_and_a_late_payment_propose_the_lapse_once(released):
    released.travel(AFTER_PAY_BY)
    released.paid(0, PAID_LATE)
    released.overdue(0)
    assert [item.case_id for item in released.items(WorkKind.LAPSE_PROPOSED)] == [case_id(0)]


def test_a_free_seat_is_proposed_to_the_first_waiting_with_a_new_deadline(released):
    assert due(released) == []
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    assert due(released) == [case_id(3)]
    with released.reading() as session:
        [entry] = queries.work_list(session, CODE, now=released.now)
    assert (entry.kind, entry.id, entry.data["waiting_rank"]) == (WorkKind.PROMOTION_PROPOSED, case_id(3), 1)
    promote(released, 3)
    event = released.published(StudentAdmitted)[-1]
    assert (event.application_id, event.promoted, event.rank) == (case_id(3), True, 4)
    assert event.pay_by == datetime(2021, 12, 22, 16, tzinfo=UTC)
    assert entry.data["pay_by"] == event.pay_by.isoformat()
    assert event.letter_no == "渝领训〔2021〕第004号"
    assert due(released) == []


def test_a_promotion_needs_a_free_seat_and_a_waiting_person(released):
    with pytest.raises(Conflict, match="没有空出"):
        promote(released, 3)
    with pytest.raises(Conflict, match="不在候补"):
        promote(released, 5)
    with pytest.raises(NotFound):
        promote(released, 9)


def test_two_free_seats_go_to_the_first_two_in_any_order(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    lapse(released, 1)
    promote(released, 4)
    promote(released, 3)
    assert released.seats()[3] == released.seats()[4] == SeatState.HELD


def test_an_override_needs_a_reason_and_a_second_person(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    with pytest.raises(Conflict, match="依次递补"):
        promote(released, 4)

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
        promote(released, 4, actor="secretary")
    promote(released, 4, actor="chair")
    assert (released.seats()[4], released.seats()[3]) == (SeatState.HELD, SeatState.WAITING)
    assert released.items(WorkKind.PROMOTION_OVERRIDE) == []


def test_an_admitted_person_may_decline_before_reporting(released):
    with pytest.raises(Invalid):
        released.act(actions.decline_seat, case_id(0), reason=" ", actor="chair")
    released.act(actions.decline_seat, case_id(0), reason="工作调动", actor="chair")
    assert [event.reason for event in released.published(SeatReleased)] == ["declined"]
    assert due(released) == [case_id(3)]
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
    assert due(released) == [case_id(3)]


def test_a_withdrawal_from_the_waiting_list_promotes_the_next(released):
    released.withdraw(3)
    released.withdraw(0)
    assert due(released) == [case_id(4)]
    assert released.published(SeatReleased, 3) == []
    assert len(released.published(RefundOrdered, 3)) == 1


def test_a_person_with_a_seat_cannot_be_rejected(released):
    for number in (0, 3):
        with pytest.raises(Conflict, match="录取结果已发布"):
            released.act(actions.reject_application, case_id(number), reason="不真实")


def test_a_payment_for_a_lapsed_seat_is_decided_by_the_committee(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    released.paid(0, PAID_LATE)
    released.paid(0, PAID_LATE)
    assert released.seats()[0] == SeatState.RELEASED
    [item] = released.items(WorkKind.LATE_PAYMENT)
    assert item.data["in_time"] is False
    released.act(actions.resolve_late_payment, item.id, "refund", actor="chair")
    assert [event.reason for event in released.published(RefundOrdered, 0)] == [
        "逾期未缴足，名额已释放",
        "迟到缴费，退回款项",
    ]
    with pytest.raises(NotFound):
        released.act(actions.resolve_late_payment, item.id, "seat", actor="chair")


def test_a_late_payment_can_get_a_free_seat(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    released.paid(0, PAID_LATE)
    [item] = released.items(WorkKind.LATE_PAYMENT)
    released.act(actions.resolve_late_payment, item.id, "seat", actor="chair")
    event = released.published(StudentAdmitted)[-1]
    assert (event.application_id, event.promoted, released.seats()[0]) == (case_id(0), True, SeatState.HELD)
    assert due(released) == []


def test_a_late_payment_gets_no_seat_if_none_is_free(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    promote(released, 3)
    released.paid(0, PAID_LATE)
    [item] = released.items(WorkKind.LATE_PAYMENT)
    with pytest.raises(Conflict, match="没有空出"):
        released.act(actions.resolve_late_payment, item.id, "seat", actor="chair")
    assert released.items(WorkKind.LATE_PAYMENT) == [item]


def test_a_reversed_late_payment_needs_no_decision(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    released.paid(0, PAID_LATE)
    released.handle(FeePaymentReversed(application_id=case_id(0), programme=CODE, paid_fen=0, reversed_at=released.now))
    assert (released.items(WorkKind.LATE_PAYMENT), released.case(0).paid_at) == ([], None)


def test_a_payment_without_prospect_of_a_seat_is_refunded_at_once(released):
    before = len(released.published(RefundOrdered, 5))
    released.paid(5, PAID_LATE)
    assert len(released.published(RefundOrdered, 5)) == before + 1
    released.withdraw(0)
    released.paid(0, PAID_LATE)
    assert [event.reason for event in released.published(RefundOrdered, 0)][-1] == "款项到账时已无录取资格"


def test_payments_of_waiting_people_are_kept_until_the_list_closes(released):
    released.paid(3, PAID_LATE)
    assert released.published(RefundOrdered, 3) == []
    close = Context(actor="timer", now=released.programme.report_at, tools=released.process.tools)
    before = Context(
        actor="timer", now=released.programme.report_at - timedelta(seconds=1), tools=released.process.tools
    )
    for context in (before, close, close):
        with released.process.database.transaction() as uow:
            run_due(uow, context=context)
    assert released.seats()[3] == released.seats()[4] == SeatState.NOT_SELECTED
    assert [event.rank for event in released.published(ApplicantNotSelected)] == [6, 4, 5]
    assert len(released.published(RefundOrdered, 3)) == 1


def test_no_promotion_happens_once_the_course_has_begun(released):
    released.withdraw(0)
    released.travel(released.programme.report_at)
    with pytest.raises(Conflict, match="已关闭"):
        promote(released, 3)
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
        promote(review, 0)


def test_open_work_items_close_when_the_seat_changes(released):
    released.travel(AFTER_PAY_BY)
    released.overdue(0)
    released.act(actions.decline_seat, case_id(0), reason="工作调动", actor="chair")
    assert released.items(WorkKind.LAPSE_PROPOSED) == []
    released.act(actions.request_override, case_id(4), reason="首位失联", actor="secretary")
    released.withdraw(4)
    assert released.items(WorkKind.PROMOTION_OVERRIDE) == []


def test_a_late_payment_followed_by_a_withdrawal_needs_no_decision(released):
    released.travel(AFTER_PAY_BY)
    lapse(released, 0)
    released.paid(0, PAID_LATE)
    released.withdraw(0)
    assert released.items(WorkKind.LATE_PAYMENT) == []
    assert [event.reason for event in released.published(RefundOrdered, 0)][-1] == "撤回报名：企业排产紧张"
