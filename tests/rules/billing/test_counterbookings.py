from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.billing.rules.matching.proposals import FeeState, Flag, Outcome
from tests.billing.snapshots import (
    A1,
    ALPHA,
    B2,
    B3,
    BETA,
    FEE,
    NOON,
    Snapshot,
    as_tuple,
    code,
    credit,
    debit,
    matched,
    result,
)


def test_an_entry_known_by_its_fingerprint_is_a_duplicate():
    snapshot = Snapshot(A1)
    assert snapshot.book(credit(ALPHA, code(1)), "same").outcome is Outcome.AUTO
    again = snapshot.book(credit(ALPHA, code(1)), "same")
    assert (as_tuple(again), again.counterpart_id) == ((Outcome.DUPLICATE, {}, 0, set()), "0")


def test_the_same_booking_in_another_format_is_a_duplicate():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1), at=NOON + timedelta(microseconds=974_094)), "by content")
    assert snapshot.book(credit(ALPHA, "用途不同"), "by serial").outcome is Outcome.DUPLICATE


def test_two_bookings_in_the_same_second_of_one_file_are_no_duplicates():
    snapshot = Snapshot(B2, B3)
    snapshot.book(credit(BETA, "孙二喜"))
    snapshot.prior = [replace(each, from_this_file=True) for each in snapshot.prior]
    assert snapshot.book(credit(BETA, "李三槐")).outcome is Outcome.AUTO


def test_transfers_of_one_day_without_times_are_no_duplicates():
    midnight = datetime(2021, 11, 24, 16, tzinfo=UTC)
    snapshot = Snapshot(B2, B3)
    snapshot.book(credit(BETA, "孙二喜", at=midnight))
    assert snapshot.book(credit(BETA, "李三槐", at=midnight)).outcome is Outcome.AUTO


@pytest.mark.parametrize(
    "entry",
    [
        credit(ALPHA, "账户验证", 1),
        debit("", "对公转账手续费", 1_050),
        debit("某某银行股份有限公司", "账户管理费", 1_050),
        replace(credit("", "", 7_702), summary="结息"),
    ],
)
def test_the_banks_own_entries_are_ignored(entry):
    assert result(entry) == (Outcome.IGNORE, {}, 0, set())


def test_a_payer_who_writes_about_fees_or_interest_is_not_ignored():
    assert matched(credit(ALPHA, "培训费，手续费自理")).outcome is Outcome.AUTO
    assert matched(credit("", "钱一鸣 利息自理")).outcome is Outcome.SUGGEST
    assert matched(debit("重庆某某物业有限公司", "物业服务费")).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize("payer", ["重庆市渝北区财政局", "国家金库重庆分库国库", "某区财政零余额账户"])
def test_money_from_a_treasury_is_flagged_and_never_booked_automatically(payer):
    assert result(credit(payer, "专项补助")) == (Outcome.NO_MATCH, {}, 0, {Flag.SUBSIDY})
    assert result(credit(payer, code(1))) == (Outcome.SUGGEST, {"A1": FEE}, 0, {Flag.SUBSIDY})


def test_a_reversal_undoes_the_prior_credit():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1), 4_000_000))
    reversal = snapshot.book(debit(ALPHA, "错账冲正", 4_000_000))
    assert as_tuple(reversal) == (Outcome.REVERSAL, {"A1": -FEE}, -1_500_000, set())
    assert (reversal.counterpart_id, snapshot.accounts["A1"]) == ("0", A1)


def test_a_reversal_marked_by_the_bank_needs_no_remark():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    assert snapshot.book(replace(debit(ALPHA), is_reversal=True)).outcome is Outcome.REVERSAL


def test_a_credit_is_reversed_once_only():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(debit(ALPHA, "冲正"))
    assert snapshot.book(debit(ALPHA, "冲正", at=NOON + timedelta(days=2))).outcome is Outcome.NO_MATCH
    assert snapshot.book(credit(ALPHA, code(1), at=NOON + timedelta(days=3))).outcome is Outcome.AUTO


@pytest.mark.parametrize(
    "entry", [debit(BETA, "冲正"), debit(ALPHA, "冲正", 1_000), debit(ALPHA, "冲正", at=NOON - timedelta(1))]
)
def test_a_reversal_must_agree_in_party_amount_and_order(entry):
    snapshot = Snapshot(A1, B2)
    snapshot.book(credit(ALPHA, code(1)))
    assert as_tuple(snapshot.book(entry)) == (Outcome.NO_MATCH, {}, 0, set())


def test_an_ambiguous_reversal_is_left_to_a_person():
    snapshot = Snapshot(B2, B3)
    snapshot.book(credit(BETA, code(2)))
    snapshot.book(credit(BETA, code(3), at=NOON + timedelta(hours=1)))
    unclear = snapshot.match(debit(BETA, "冲正"), "new")
    assert (unclear.outcome, set(unclear.candidates)) == (Outcome.AMBIGUOUS, {"A2", "A3"})
    assert snapshot.match(debit(BETA, f"冲正{code(3)}"), "new").allocations == {"A3": -FEE}


def test_a_reversal_of_one_of_two_payments_undoes_the_unapplied_one():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(credit(ALPHA, code(1), at=NOON + timedelta(hours=1)))
    assert as_tuple(snapshot.book(debit(ALPHA, "冲正"))) == (Outcome.REVERSAL, {}, -FEE, set())


def test_a_payment_that_mentions_a_reversal_is_booked():
    assert matched(credit(ALPHA, f"前次冲正，重新缴费{code(1)}")).outcome is Outcome.AUTO


def test_a_reversed_refund_restores_the_allocation():
    snapshot = Snapshot(replace(A1, state=FeeState.REFUND_DUE))
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(debit(ALPHA, f"退费{code(1)}"))
    back = snapshot.book(replace(credit(ALPHA, "", at=NOON + timedelta(days=2)), is_reversal=True))
    assert as_tuple(back) == (Outcome.REVERSAL, {"A1": FEE}, 0, set())


def test_a_refund_without_admission_comes_from_the_fee():
    snapshot = Snapshot(replace(A1, state=FeeState.REFUND_DUE))
    assert snapshot.book(credit(ALPHA, code(1))).flags == {Flag.REFUND_DUE}
    assert as_tuple(snapshot.book(debit(ALPHA, f"退费{code(1)}未录取"))) == (Outcome.REFUND_OUT, {"A1": -FEE}, 0, set())


def test_a_refund_of_an_overpayment_leaves_the_seat_paid():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1), 4_000_000))
    refund = snapshot.book(debit(ALPHA, f"退回多缴{code(1)}", 1_500_000))
    assert as_tuple(refund) == (Outcome.REFUND_OUT, {}, -1_500_000, set())
    assert (refund.candidates, snapshot.accounts["A1"].outstanding_fen) == (("A1",), 0)


def test_a_refund_without_a_reference_is_matched_by_payer():
    snapshot = Snapshot(replace(A1, state=FeeState.REFUND_DUE), B2)
    snapshot.book(credit("钱一鸣", "培训费"))
    assert as_tuple(snapshot.book(debit("钱一鸣", "退款"))) == (Outcome.REFUND_OUT, {"A1": -FEE}, 0, set())


def test_a_refund_to_another_party_than_the_payer_is_flagged():
    snapshot = Snapshot(replace(A1, state=FeeState.REFUND_DUE))
    snapshot.book(credit("钱一鸣", code(1)))
    assert snapshot.book(debit(ALPHA, f"退费{code(1)}")).flags == {Flag.PAYEE_NOT_PAYER}


def test_a_refund_above_the_received_amount_is_a_conflict():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    assert as_tuple(snapshot.book(debit(ALPHA, f"退费{code(1)}", FEE + 1))) == (Outcome.CONFLICT, {}, 0, set())


def test_a_refund_of_unmatched_money_is_recognized():
    snapshot = Snapshot(A1)
    snapshot.book(credit("重庆无关贸易商行", "货款", 660_000))
    refund = snapshot.book(debit("重庆无关贸易商行", "退款", 660_000))
    assert (as_tuple(refund), refund.counterpart_id) == ((Outcome.REFUND_OUT, {}, 0, set()), "0")


def test_a_refund_to_a_stranger_matches_nothing():
    assert matched(debit("重庆无关贸易商行", "退款")).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize("sender", [ALPHA, "", "某某银行股份有限公司待处理款项"])
def test_a_bounced_refund_is_due_again(sender):
    snapshot = Snapshot(replace(A1, state=FeeState.REFUND_DUE))
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(debit(ALPHA, f"退费{code(1)}"))
    bounced = snapshot.book(credit(sender, "退汇：户名不符", at=NOON + timedelta(days=2)))
    assert (as_tuple(bounced), bounced.counterpart_id) == ((Outcome.REFUND_BOUNCED, {"A1": FEE}, 0, set()), "1")
    assert snapshot.book(credit(sender, "退汇", at=NOON + timedelta(days=3))).outcome is Outcome.NO_MATCH
    assert snapshot.book(debit(ALPHA, f"退费{code(1)}", at=NOON + timedelta(days=4))).outcome is Outcome.REFUND_OUT


def test_a_bounced_refund_stays_unapplied_if_the_fee_was_paid_again():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(debit(ALPHA, f"退费{code(1)}"))
    snapshot.book(credit(ALPHA, code(1), at=NOON + timedelta(days=2)))
    bounced = snapshot.book(credit("", "退汇", at=NOON + timedelta(days=3)))
    assert as_tuple(bounced) == (Outcome.REFUND_BOUNCED, {}, FEE, set())
    assert snapshot.accounts["A1"].allocated_fen == FEE


def test_an_ambiguous_bounce_is_left_to_a_person():
    snapshot = Snapshot(*(replace(each, state=FeeState.REFUND_DUE) for each in (A1, B2)))
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(credit(BETA, code(2)))
    snapshot.book(debit(ALPHA, f"退费{code(1)}"))
    snapshot.book(debit(BETA, f"退费{code(2)}"))
    assert snapshot.match(credit("", "退汇", at=NOON + timedelta(days=2)), "new").outcome is Outcome.AMBIGUOUS
    assert snapshot.match(credit(BETA, "退汇", at=NOON + timedelta(days=2)), "new").allocations == {"A2": FEE}


def test_an_expense_matches_nothing():
    assert result(debit("重庆某某酒店有限公司", "会场租金")) == (Outcome.NO_MATCH, {}, 0, set())


def test_taxes_paid_to_the_treasury_are_no_subsidy():
    assert result(debit("国家金库重庆分库国库", "缴税")) == (Outcome.NO_MATCH, {}, 0, set())


def test_a_reversed_cent_is_no_verification():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1), 1))
    assert snapshot.match(replace(debit(ALPHA, "", 1), is_reversal=True), "new").outcome is Outcome.REVERSAL


def test_a_reversal_without_a_counterparty_is_matched_by_amount():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    assert snapshot.match(debit("", "冲正"), "new").allocations == {"A1": -FEE}


def test_a_reversal_never_undoes_a_duplicate():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)), "same")
    snapshot.book(credit(ALPHA, code(1)), "same")
    assert snapshot.match(debit(ALPHA, "冲正"), "new").counterpart_id == "0"


def test_a_payment_after_a_reversal_is_booked_despite_its_remark():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1)))
    snapshot.book(debit(ALPHA, "冲正"))
    again = snapshot.book(credit(ALPHA, f"冲正后重缴{code(1)}", at=NOON + timedelta(days=2)))
    assert as_tuple(again) == (Outcome.AUTO, {"A1": FEE}, 0, set())


def test_an_overpayment_refunded_to_the_firm_leaves_the_seat_paid():
    snapshot = Snapshot(A1)
    snapshot.book(credit("钱一鸣", code(1), 4_000_000))
    refund = snapshot.book(debit(ALPHA, f"退费{code(1)}", 1_500_000))
    assert as_tuple(refund) == (Outcome.REFUND_OUT, {}, -1_500_000, {Flag.PAYEE_NOT_PAYER})


def test_a_refund_of_a_second_payment_comes_from_unapplied_money():
    snapshot = Snapshot(replace(A1, allocated_fen=FEE))
    snapshot.book(credit("钱一鸣", code(1)))
    assert as_tuple(snapshot.book(debit("钱一鸣", "退款"))) == (Outcome.REFUND_OUT, {}, -FEE, set())


def test_a_refund_without_known_payments_is_not_flagged():
    paid = replace(A1, allocated_fen=FEE, state=FeeState.REFUND_DUE)
    assert result(debit(ALPHA, f"退费{code(1)}"), paid) == (Outcome.REFUND_OUT, {"A1": -FEE}, 0, set())


def test_one_refund_can_cover_two_applications():
    snapshot = Snapshot(*(replace(each, state=FeeState.REFUND_DUE) for each in (B2, B3)))
    snapshot.book(credit(BETA, f"{code(2)}{code(3)}", 2 * FEE))
    remark = f"退费{code(2)}{code(3)}"
    assert snapshot.match(debit(BETA, remark, 2 * FEE), "new").allocations == {"A2": -FEE, "A3": -FEE}
    assert snapshot.match(debit(BETA, remark, FEE), "new").outcome is Outcome.AMBIGUOUS
