from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.billing.rules.proposals import FeeState, Flag, Outcome
from tests.billing.snapshots import (
    A1,
    ALPHA,
    B2,
    B3,
    BETA,
    FEE,
    NOON,
    Books,
    code,
    credit,
    debit,
    decided,
    judged,
)


def test_an_entry_known_by_its_fingerprint_is_a_duplicate():
    books = Books(A1)
    assert books.book(credit(ALPHA, code(1)), "same").outcome is Outcome.AUTO
    again = books.book(credit(ALPHA, code(1)), "same")
    assert (decided(again), again.counterpart_id) == ((Outcome.DUPLICATE, {}, 0, set()), "0")


def test_the_same_booking_in_another_format_is_a_duplicate():
    books = Books(A1)
    books.book(credit(ALPHA, code(1), at=NOON + timedelta(microseconds=974_094)), "by content")
    assert books.book(credit(ALPHA, "用途不同"), "by serial").outcome is Outcome.DUPLICATE


def test_two_bookings_of_one_second_in_one_file_are_two():
    books = Books(B2, B3)
    books.book(credit(BETA, "孙二喜"))
    books.prior = [replace(each, from_this_file=True) for each in books.prior]
    assert books.book(credit(BETA, "李三槐")).outcome is Outcome.AUTO


def test_a_format_without_times_does_not_make_duplicates_of_one_days_transfers():
    midnight = datetime(2021, 11, 24, 16, tzinfo=UTC)
    books = Books(B2, B3)
    books.book(credit(BETA, "孙二喜", at=midnight))
    assert books.book(credit(BETA, "李三槐", at=midnight)).outcome is Outcome.AUTO


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
    assert decided(judged(entry)) == (Outcome.IGNORE, {}, 0, set())


def test_a_payer_who_writes_about_fees_or_interest_is_not_ignored():
    assert judged(credit(ALPHA, "培训费，手续费自理")).outcome is Outcome.AUTO
    assert judged(credit("", "钱一鸣 利息自理")).outcome is Outcome.SUGGEST
    assert judged(debit("重庆某某物业有限公司", "物业服务费")).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize("payer", ["重庆市渝北区财政局", "国家金库重庆分库国库", "某区财政零余额账户"])
def test_money_from_a_treasury_is_flagged_and_never_booked_by_itself(payer):
    assert decided(judged(credit(payer, "专项补助"))) == (Outcome.NO_MATCH, {}, 0, {Flag.SUBSIDY})
    assert decided(judged(credit(payer, code(1)))) == (Outcome.SUGGEST, {"A1": FEE}, 0, {Flag.SUBSIDY})


def test_a_reversal_takes_the_prior_credit_back():
    books = Books(A1)
    books.book(credit(ALPHA, code(1), 4_000_000))
    reversal = books.book(debit(ALPHA, "错账冲正", 4_000_000))
    assert decided(reversal) == (Outcome.REVERSAL, {"A1": -FEE}, -1_500_000, set())
    assert (reversal.counterpart_id, books.accounts["A1"]) == ("0", A1)


def test_a_reversal_marked_by_the_bank_needs_no_word():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    assert books.book(replace(debit(ALPHA), is_reversal=True)).outcome is Outcome.REVERSAL


def test_a_credit_is_reversed_once_only():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    books.book(debit(ALPHA, "冲正"))
    assert books.book(debit(ALPHA, "冲正", at=NOON + timedelta(days=2))).outcome is Outcome.NO_MATCH
    assert books.book(credit(ALPHA, code(1), at=NOON + timedelta(days=3))).outcome is Outcome.AUTO


@pytest.mark.parametrize(
    "entry", [debit(BETA, "冲正"), debit(ALPHA, "冲正", 1_000), debit(ALPHA, "冲正", at=NOON - timedelta(1))]
)
def test_a_reversal_of_another_party_another_amount_or_a_later_credit_reverses_nothing(entry):
    books = Books(A1, B2)
    books.book(credit(ALPHA, code(1)))
    assert decided(books.book(entry)) == (Outcome.NO_MATCH, {}, 0, set())


def test_a_reversal_that_may_mean_two_applications_is_for_a_person():
    books = Books(B2, B3)
    books.book(credit(BETA, code(2)))
    books.book(credit(BETA, code(3), at=NOON + timedelta(hours=1)))
    unclear = books.judge(debit(BETA, "冲正"), "new")
    assert (unclear.outcome, set(unclear.candidates)) == (Outcome.AMBIGUOUS, {"A2", "A3"})
    assert books.judge(debit(BETA, f"冲正{code(3)}"), "new").allocations == {"A3": -FEE}


def test_a_reversal_of_one_of_two_payments_for_one_seat_takes_the_unapplied_one():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    books.book(credit(ALPHA, code(1), at=NOON + timedelta(hours=1)))
    assert decided(books.book(debit(ALPHA, "冲正"))) == (Outcome.REVERSAL, {}, -FEE, set())


def test_a_payer_who_writes_about_a_reversal_pays_all_the_same():
    assert judged(credit(ALPHA, f"前次冲正，重新缴费{code(1)}")).outcome is Outcome.AUTO


def test_a_reversed_refund_is_held_again():
    books = Books(replace(A1, state=FeeState.REFUND_DUE))
    books.book(credit(ALPHA, code(1)))
    books.book(debit(ALPHA, f"退费{code(1)}"))
    back = books.book(replace(credit(ALPHA, "", at=NOON + timedelta(days=2)), is_reversal=True))
    assert decided(back) == (Outcome.REVERSAL, {"A1": FEE}, 0, set())


def test_a_refund_of_one_not_admitted_takes_the_fee_back():
    books = Books(replace(A1, state=FeeState.REFUND_DUE))
    assert books.book(credit(ALPHA, code(1))).flags == {Flag.REFUND_DUE}
    assert decided(books.book(debit(ALPHA, f"退费{code(1)}未录取"))) == (Outcome.REFUND_OUT, {"A1": -FEE}, 0, set())


def test_a_refund_of_an_overpayment_leaves_the_seat_paid():
    books = Books(A1)
    books.book(credit(ALPHA, code(1), 4_000_000))
    refund = books.book(debit(ALPHA, f"退回多缴{code(1)}", 1_500_000))
    assert decided(refund) == (Outcome.REFUND_OUT, {}, -1_500_000, set())
    assert (refund.candidates, books.accounts["A1"].outstanding_fen) == (("A1",), 0)


def test_a_refund_without_a_reference_is_found_by_who_paid():
    books = Books(replace(A1, state=FeeState.REFUND_DUE), B2)
    books.book(credit("钱一鸣", "培训费"))
    assert decided(books.book(debit("钱一鸣", "退款"))) == (Outcome.REFUND_OUT, {"A1": -FEE}, 0, set())


def test_a_refund_to_somebody_who_did_not_pay_is_flagged():
    books = Books(replace(A1, state=FeeState.REFUND_DUE))
    books.book(credit("钱一鸣", code(1)))
    assert books.book(debit(ALPHA, f"退费{code(1)}")).flags == {Flag.PAYEE_NOT_PAYER}


def test_a_refund_of_more_than_was_received_is_for_a_person():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    assert decided(books.book(debit(ALPHA, f"退费{code(1)}", FEE + 1))) == (Outcome.CONFLICT, {}, 0, set())


def test_a_refund_of_money_that_matched_nothing_is_known_as_such():
    books = Books(A1)
    books.book(credit("重庆无关贸易商行", "货款", 660_000))
    refund = books.book(debit("重庆无关贸易商行", "退款", 660_000))
    assert (decided(refund), refund.counterpart_id) == ((Outcome.REFUND_OUT, {}, 0, set()), "0")


def test_a_refund_to_a_stranger_matches_nothing():
    assert judged(debit("重庆无关贸易商行", "退款")).outcome is Outcome.NO_MATCH


@pytest.mark.parametrize("sender", [ALPHA, "", "某某银行股份有限公司待处理款项"])
def test_a_refund_that_comes_back_is_due_again(sender):
    books = Books(replace(A1, state=FeeState.REFUND_DUE))
    books.book(credit(ALPHA, code(1)))
    books.book(debit(ALPHA, f"退费{code(1)}"))
    bounced = books.book(credit(sender, "退汇：户名不符", at=NOON + timedelta(days=2)))
    assert (decided(bounced), bounced.counterpart_id) == ((Outcome.REFUND_BOUNCED, {"A1": FEE}, 0, set()), "1")
    assert books.book(credit(sender, "退汇", at=NOON + timedelta(days=3))).outcome is Outcome.NO_MATCH
    assert books.book(debit(ALPHA, f"退费{code(1)}", at=NOON + timedelta(days=4))).outcome is Outcome.REFUND_OUT


def test_a_refund_that_comes_back_after_the_fee_was_paid_again_stays_unapplied():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    books.book(debit(ALPHA, f"退费{code(1)}"))
    books.book(credit(ALPHA, code(1), at=NOON + timedelta(days=2)))
    bounced = books.book(credit("", "退汇", at=NOON + timedelta(days=3)))
    assert decided(bounced) == (Outcome.REFUND_BOUNCED, {}, FEE, set())
    assert books.accounts["A1"].allocated_fen == FEE


def test_two_refunds_that_may_have_come_back_are_for_a_person():
    books = Books(*(replace(each, state=FeeState.REFUND_DUE) for each in (A1, B2)))
    books.book(credit(ALPHA, code(1)))
    books.book(credit(BETA, code(2)))
    books.book(debit(ALPHA, f"退费{code(1)}"))
    books.book(debit(BETA, f"退费{code(2)}"))
    assert books.judge(credit("", "退汇", at=NOON + timedelta(days=2)), "new").outcome is Outcome.AMBIGUOUS
    assert books.judge(credit(BETA, "退汇", at=NOON + timedelta(days=2)), "new").allocations == {"A2": FEE}


def test_an_expense_is_listed_and_books_nothing():
    assert decided(judged(debit("重庆某某酒店有限公司", "会场租金"))) == (Outcome.NO_MATCH, {}, 0, set())


def test_taxes_paid_to_the_treasury_are_no_subsidy():
    assert decided(judged(debit("国家金库重庆分库国库", "缴税"))) == (Outcome.NO_MATCH, {}, 0, set())


def test_a_reversed_cent_is_no_verification():
    books = Books(A1)
    books.book(credit(ALPHA, code(1), 1))
    assert books.judge(replace(debit(ALPHA, "", 1), is_reversal=True), "new").outcome is Outcome.REVERSAL


def test_a_reversal_without_a_counterparty_is_found_by_its_amount():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    assert books.judge(debit("", "冲正"), "new").allocations == {"A1": -FEE}


def test_a_duplicate_is_never_what_a_reversal_takes_back():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)), "same")
    books.book(credit(ALPHA, code(1)), "same")
    assert books.judge(debit(ALPHA, "冲正"), "new").counterpart_id == "0"


def test_a_payment_after_a_reversal_is_a_payment_whatever_its_remark_says():
    books = Books(A1)
    books.book(credit(ALPHA, code(1)))
    books.book(debit(ALPHA, "冲正"))
    again = books.book(credit(ALPHA, f"冲正后重缴{code(1)}", at=NOON + timedelta(days=2)))
    assert decided(again) == (Outcome.AUTO, {"A1": FEE}, 0, set())


def test_an_overpayment_refunded_to_the_firm_instead_of_the_student_leaves_the_seat_paid():
    books = Books(A1)
    books.book(credit("钱一鸣", code(1), 4_000_000))
    refund = books.book(debit(ALPHA, f"退费{code(1)}", 1_500_000))
    assert decided(refund) == (Outcome.REFUND_OUT, {}, -1_500_000, {Flag.PAYEE_NOT_PAYER})


def test_a_refund_of_a_payment_that_was_not_needed_takes_it_from_what_is_unapplied():
    books = Books(replace(A1, allocated_fen=FEE))
    books.book(credit("钱一鸣", code(1)))
    assert decided(books.book(debit("钱一鸣", "退款"))) == (Outcome.REFUND_OUT, {}, -FEE, set())


def test_a_refund_whose_payments_are_not_among_the_prior_entries_accuses_nobody():
    paid = replace(A1, allocated_fen=FEE, state=FeeState.REFUND_DUE)
    assert decided(judged(debit(ALPHA, f"退费{code(1)}"), paid)) == (Outcome.REFUND_OUT, {"A1": -FEE}, 0, set())


def test_one_refund_for_two_applications_takes_back_both():
    books = Books(*(replace(each, state=FeeState.REFUND_DUE) for each in (B2, B3)))
    books.book(credit(BETA, f"{code(2)}{code(3)}", 2 * FEE))
    remark = f"退费{code(2)}{code(3)}"
    assert books.judge(debit(BETA, remark, 2 * FEE), "new").allocations == {"A2": -FEE, "A3": -FEE}
    assert books.judge(debit(BETA, remark, FEE), "new").outcome is Outcome.AMBIGUOUS
