"""Fees paid after the deadline, or for a seat that is gone: kept, refunded, or decided by a person."""

from datetime import UTC, datetime, timedelta

import pytest

from services.demo.programme import CODE
from services.review import actions
from services.review.models import Seat
from services.review.states import SeatState, WorkKind
from services.review.worker import run_due
from shared.context import Context
from shared.events.billing import FeePaymentReversed
from shared.events.review import ApplicantNotSelected, RefundOrdered, StudentAdmitted
from shared.foundation.errors import Conflict, Invalid, NotFound
from tests.review.stage import AFTER_PAY_BY
from tests.review.submissions import case_id

PAID_LATE = datetime(2021, 12, 17, 3, tzinfo=UTC)


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


def test_a_payment_for_a_lapsed_seat_is_decided_by_the_committee(released):
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
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
    released.lapse(0)
    released.paid(0, PAID_LATE)
    [item] = released.items(WorkKind.LATE_PAYMENT)
    released.act(actions.resolve_late_payment, item.id, "seat", actor="chair")
    event = released.published(StudentAdmitted)[-1]
    assert (event.application_id, event.promoted, released.seats()[0]) == (case_id(0), True, SeatState.HELD)
    assert released.promotions_due() == []


def test_a_late_payment_gets_no_seat_if_none_is_free(released):
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
    released.promote(3)
    released.paid(0, PAID_LATE)
    [item] = released.items(WorkKind.LATE_PAYMENT)
    with pytest.raises(Conflict, match="没有空出"):
        released.act(actions.resolve_late_payment, item.id, "seat", actor="chair")
    assert released.items(WorkKind.LATE_PAYMENT) == [item]


def test_a_reversed_late_payment_needs_no_decision(released):
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
    released.paid(0, PAID_LATE)
    released.handle(FeePaymentReversed(application_id=case_id(0), programme=CODE, paid_fen=0, reversed_at=released.now))
    assert (released.items(WorkKind.LATE_PAYMENT), released.case(0).paid_at) == ([], None)


def test_a_late_payment_followed_by_a_withdrawal_needs_no_decision(released):
    released.travel(AFTER_PAY_BY)
    released.lapse(0)
    released.paid(0, PAID_LATE)
    released.withdraw(0)
    assert released.items(WorkKind.LATE_PAYMENT) == []
    assert [event.reason for event in released.published(RefundOrdered, 0)][-1] == "撤回报名：企业排产紧张"


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
