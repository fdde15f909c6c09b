from dataclasses import replace
from datetime import timedelta

import pytest

from services.billing.rules.matching.proposals import FeeState, Flag, Outcome
from services.billing.rules.matching.snapshot import payment_flags
from shared.foundation.checkdigits import payment_reference
from tests.billing.snapshots import (
    A1,
    ALPHA,
    B2,
    B3,
    BETA,
    FEE,
    NOON,
    Snapshot,
    account,
    as_tuple,
    code,
    credit,
    matched,
    result,
)

# Rule 2: references


def test_a_transfer_with_a_reference_of_its_firm_is_booked():
    assert result(credit(ALPHA, code(1))) == (Outcome.AUTO, {"A1": FEE}, 0, set())


def test_a_student_who_pays_with_the_reference_is_booked_and_flagged():
    assert result(credit("钱一鸣", code(1))) == (Outcome.AUTO, {"A1": FEE}, 0, {Flag.PAYER_NOT_BUYER})


def test_a_transfer_with_two_codes_of_one_firm_is_split():
    assert result(credit(BETA, f"{code(2)}、{code(3)}", 2 * FEE)) == (Outcome.AUTO, {"A2": FEE, "A3": FEE}, 0, set())


def test_a_surplus_over_two_codes_is_unapplied():
    assert result(credit(BETA, f"{code(2)} {code(3)}", 2 * FEE + 1)) == (
        Outcome.SUGGEST,
        {"A2": FEE, "A3": FEE},
        1,
        set(),
    )


def test_less_than_the_sum_of_two_codes_is_ambiguous():
    unclear = matched(credit(BETA, f"{code(2)} {code(3)}", FEE))
    assert (as_tuple(unclear), unclear.candidates) == ((Outcome.AMBIGUOUS, {}, 0, set()), ("A2", "A3"))


def test_two_codes_with_one_paid_are_a_suggestion():
    paid = replace(B2, allocated_fen=FEE)
    assert result(credit(BETA, f"{code(2)} {code(3)}", FEE), paid, B3)[:2] == (Outcome.SUGGEST, {"A3": FEE})


def test_a_partial_payment_is_booked_and_flagged():
    assert result(credit(ALPHA, code(1), FEE - 1_000))[1:] == ({"A1": FEE - 1_000}, 0, {Flag.PARTIAL})


def test_the_rest_of_a_partial_payment_completes_it():
    snapshot = Snapshot(A1)
    snapshot.book(credit(ALPHA, code(1), 1_000_000))
    assert as_tuple(snapshot.book(credit(ALPHA, code(1), 1_500_000, at=NOON + timedelta(days=1)))) == (
        Outcome.AUTO,
        {"A1": 1_500_000},
        0,
        set(),
    )


def test_an_overpayment_is_a_suggestion_with_the_rest_unapplied():
    assert result(credit(ALPHA, code(1), 4_000_000)) == (Outcome.SUGGEST, {"A1": FEE}, 1_500_000, set())


def test_a_second_payment_of_a_paid_seat_stays_unapplied():
    paid = replace(A1, allocated_fen=FEE)
    second = matched(credit(ALPHA, code(1)), paid)
    assert (as_tuple(second), second.candidates) == ((Outcome.SUGGEST, {}, FEE, set()), ("A1",))


def test_a_reference_of_another_firm_is_a_conflict():
    conflict = matched(credit(ALPHA, code(2)))
    assert (as_tuple(conflict), conflict.candidates) == ((Outcome.CONFLICT, {}, 0, set()), ("A1", "A2"))
    assert matched(credit(BETA, f"{code(2)}{code(1)}", 2 * FEE)).outcome is Outcome.CONFLICT
    assert matched(credit("钱一鸣", code(2))).outcome is Outcome.CONFLICT


def test_an_unknown_payer_with_a_reference_is_a_suggestion():
    assert result(credit("示例付支付有限公司备付金", code(1))) == (Outcome.SUGGEST, {"A1": FEE}, 0, set())


def test_a_former_name_or_a_branch_with_the_firms_reference_is_no_conflict():
    renamed = replace(A1, former_name="重庆丙土机床厂")
    assert matched(credit("重庆丙土机床厂", code(1)), renamed, B2).outcome is Outcome.SUGGEST
    assert matched(credit(f"{ALPHA}綦江分公司", code(1))).outcome is Outcome.SUGGEST


def test_a_reference_with_wrong_check_digits_is_ignored():
    wrong = code(2)[:-2] + ("00" if code(2)[-2:] != "00" else "01")
    assert result(credit(ALPHA, wrong)) == (Outcome.AUTO, {"A1": FEE}, 0, set())


def test_an_unknown_valid_reference_prevents_booking():
    doubtful = matched(credit(ALPHA, payment_reference(999_999)))
    assert as_tuple(doubtful) == (Outcome.SUGGEST, {"A1": FEE}, 0, set())
    assert payment_reference(999_999) in doubtful.reason


def test_a_payment_at_the_deadline_is_booked_and_flagged():
    due = replace(A1, pay_by=NOON)
    assert matched(credit(ALPHA, code(1), at=NOON - timedelta(seconds=1)), due).flags == set()
    assert result(credit(ALPHA, code(1), at=NOON), due) == (Outcome.AUTO, {"A1": FEE}, 0, {Flag.LATE})


# Rule 3: the payer is a firm


@pytest.mark.parametrize(
    "payer", [ALPHA, "重庆 甲木数控 机床有限公司", "重庆甲木数控机床有限公司\u200b", "重庆甲木数控机床有限公司　"]
)
def test_a_firm_with_one_open_application_and_the_exact_amount_is_booked(payer):
    assert result(credit(payer, "培训费")) == (Outcome.AUTO, {"A1": FEE}, 0, set())


def test_brackets_of_either_width_are_the_same_firm():
    grouped = account(4, "重庆丁金（集团）有限公司", "周四海")
    assert matched(credit("重庆丁金(集团)有限公司"), grouped).outcome is Outcome.AUTO


def test_a_firm_that_pays_another_amount_is_ambiguous():
    assert result(credit(ALPHA, "货款", 660_000)) == (Outcome.AMBIGUOUS, {}, 0, set())


def test_a_firm_with_two_applications_and_one_student_named_is_booked():
    assert result(credit(BETA, "李三槐培训费")) == (Outcome.AUTO, {"A3": FEE}, 0, set())
    assert result(credit(BETA, "报名编号LJ2022-0002")) == (Outcome.AUTO, {"A2": FEE}, 0, set())


def test_a_named_student_who_has_paid_is_not_confused_with_an_open_one():
    paid = replace(B2, allocated_fen=FEE)
    assert result(credit(BETA, "孙二喜"), paid, B3) == (Outcome.SUGGEST, {}, FEE, set())


def test_a_longer_name_does_not_name_the_shorter_one():
    short, longer = account(5, BETA, "吴五"), account(6, BETA, "吴五湖")
    assert matched(credit(BETA, "吴五湖培训费"), short, longer).allocations == {"A6": FEE}


def test_a_firm_that_pays_the_sum_of_its_open_applications_gets_a_split_proposed():
    assert result(credit(BETA, "两人培训费", 2 * FEE)) == (Outcome.SUGGEST, {"A2": FEE, "A3": FEE}, 0, set())


def test_two_named_of_three_get_a_split_proposed():
    third = account(7, BETA, "郑七巧")
    assert matched(credit(BETA, "孙二喜、郑七巧", 2 * FEE), B2, B3, third).allocations == {"A2": FEE, "A7": FEE}


def test_a_firm_with_two_open_applications_and_no_hint_is_ambiguous():
    unclear = matched(credit(BETA, "培训费"))
    assert (as_tuple(unclear), unclear.candidates) == ((Outcome.AMBIGUOUS, {}, 0, set()), ("A2", "A3"))


def test_a_firm_that_names_another_firms_student_is_a_conflict():
    conflict = matched(credit(ALPHA, "孙二喜培训费"))
    assert (as_tuple(conflict), conflict.candidates) == ((Outcome.CONFLICT, {}, 0, set()), ("A1", "A2"))


def test_an_open_application_precedes_a_rejected_one():
    rejected = replace(B2, state=FeeState.REFUND_DUE)
    assert result(credit(BETA), rejected, B3) == (Outcome.AUTO, {"A3": FEE}, 0, set())
    assert result(credit(BETA), rejected) == (Outcome.AUTO, {"A2": FEE}, 0, {Flag.REFUND_DUE})


# Rule 4: the payer bears a student's name


def test_a_students_name_alone_is_a_suggestion():
    assert result(credit("钱一鸣", "培训费")) == (Outcome.SUGGEST, {"A1": FEE}, 0, {Flag.PAYER_NOT_BUYER})


def test_a_transliterated_name_matches_with_any_dot():
    student = account(8, ALPHA, "阿依·古丽")
    assert matched(credit("阿依•古丽"), student).flags == {Flag.PAYER_NOT_BUYER}
    assert matched(credit("阿依.古丽"), student).allocations == {"A8": FEE}


def test_two_students_of_one_name_are_ambiguous_without_a_number():
    twin = account(9, BETA, "钱一鸣")
    assert result(credit("钱一鸣"), A1, twin) == (Outcome.AMBIGUOUS, {}, 0, set())
    assert matched(credit("钱一鸣", "LJ2022-0009 培训费"), A1, twin).allocations == {"A9": FEE}


# Rule 5: traces


def test_cash_with_a_students_name_in_the_remark_is_a_suggestion():
    assert result(credit("", "钱一鸣交培训费 现金")) == (Outcome.SUGGEST, {"A1": FEE}, 0, set())


def test_a_relative_who_names_the_student_is_suggested_and_flagged():
    assert result(credit("冯九思", "代钱一鸣缴")) == (Outcome.SUGGEST, {"A1": FEE}, 0, {Flag.PAYER_NOT_BUYER})


def test_a_group_that_names_students_of_two_firms_gets_a_split_proposed():
    paid = matched(credit("重庆戊水控股集团有限公司", "钱一鸣、李三槐培训费", 2 * FEE))
    assert as_tuple(paid) == (Outcome.SUGGEST, {"A1": FEE, "A3": FEE}, 0, set())


def test_cash_for_a_name_of_two_students_is_never_split():
    twin = account(9, BETA, "钱一鸣")
    assert matched(credit("", "钱一鸣", 2 * FEE), A1, twin).outcome is Outcome.AMBIGUOUS


@pytest.mark.parametrize(
    ("payer", "number"),
    [("卫?", 10), ("卫？", 10), ("重庆?木数控机床有限公司", 1), ("重庆????火新材料股份有限公司", 2)],
)
def test_unprintable_characters_match_any(payer, number):
    assert matched(credit(payer), A1, B2, account(10, "重庆己月仪表有限公司", "卫䶮")).allocations == {
        f"A{number}": FEE
    }


def test_a_name_of_question_marks_only_is_no_trace():
    assert matched(credit("???")).outcome is Outcome.NO_MATCH


def test_a_former_name_is_a_suggestion():
    renamed = replace(A1, former_name="重庆丙土机床厂")
    assert result(credit("重庆丙土机床厂", "培训费"), renamed, B2) == (Outcome.SUGGEST, {"A1": FEE}, 0, set())


@pytest.mark.parametrize(
    "payer", ["重庆甲木数控机", f"{ALPHA}綦江分公司", "重庆甲木数控机床有限责任公司", "重庆甲木数控机床股份有限公司"]
)
def test_truncated_names_branches_and_other_legal_forms_are_suggestions(payer):
    assert result(credit(payer, "培训费")) == (Outcome.SUGGEST, {"A1": FEE}, 0, set())


def test_a_truncated_name_of_two_firms_is_ambiguous():
    other = account(11, "重庆甲木数控刀具有限公司", "褚十全")
    assert matched(credit("重庆甲木数控"), A1, other).outcome is Outcome.AMBIGUOUS


def test_a_city_is_no_trace_of_a_firm():
    assert matched(credit("重庆")).outcome is Outcome.NO_MATCH


def test_a_firm_that_differs_in_one_character_is_only_a_candidate():
    unknown = matched(credit("重庆申木数控机床有限公司"))
    assert (as_tuple(unknown), unknown.candidates) == ((Outcome.NO_MATCH, {}, 0, set()), ("A1",))


def test_unrelated_income_matches_nothing():
    unknown = matched(credit("重庆市钟表爱好者协会", "课件制作", 660_000))
    assert (as_tuple(unknown), unknown.candidates) == ((Outcome.NO_MATCH, {}, 0, set()), ())


# Flags and names


def test_flags_also_apply_to_manual_allocations():
    late = replace(A1, pay_by=NOON - timedelta(days=1), state=FeeState.REFUND_DUE)
    assert payment_flags(credit("冯九思"), late) == {Flag.PAYER_NOT_BUYER, Flag.LATE, Flag.REFUND_DUE}
    assert payment_flags(credit(ALPHA), A1) == set()


def test_a_longer_number_is_another_number():
    assert matched(credit("", "LJ2022-0002")).allocations == {"A2": FEE}
    assert matched(credit("", "LJ2022-00021")).outcome is Outcome.NO_MATCH


def test_a_single_character_names_no_student():
    assert matched(credit("", "培训费"), account(16, ALPHA, "培")).outcome is Outcome.NO_MATCH


def test_a_name_truncated_within_a_character_is_a_trace():
    assert matched(credit("重庆甲木数控机?")).allocations == {"A1": FEE}


def test_a_trace_of_a_firm_matches_its_open_application():
    paid = replace(B2, allocated_fen=FEE)
    assert matched(credit(f"{BETA}分公司", "", 1_000_000), paid, B3).allocations == {"A3": 1_000_000}


def test_a_trace_of_two_firms_is_never_split_between_them():
    other = account(11, "重庆甲木数控刀具有限公司", "褚十全")
    assert matched(credit("重庆甲木数控", "", 2 * FEE), A1, other).outcome is Outcome.AMBIGUOUS
