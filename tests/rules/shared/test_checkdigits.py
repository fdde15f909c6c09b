"""Payment references and their check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.checkdigits import is_payment_reference, payment_reference, payment_references

serials = st.integers(min_value=1, max_value=999_999)


def test_the_reference_carries_two_check_digits():
    assert payment_reference(210001) == "ZX21000113"
    assert payment_reference(210037) == "ZX21003702"
    assert payment_reference(7, prefix="LJ") == "LJ00000777"


@given(serials)
def test_the_eight_digits_leave_one_when_divided_by_97(serial):
    assert int(payment_reference(serial)[2:]) % 97 == 1
    assert is_payment_reference(payment_reference(serial))


@given(serials, st.integers(min_value=0, max_value=7), st.sampled_from("0123456789"))
def test_one_mistyped_digit_is_always_detected(serial, place, digit):
    digits = payment_reference(serial)[2:]
    mistyped = digits[:place] + digit + digits[place + 1 :]
    assert is_payment_reference("ZX" + mistyped) == (mistyped == digits)


@given(serials, st.integers(min_value=0, max_value=6))
def test_two_swapped_neighbours_are_always_detected(serial, place):
    digits = payment_reference(serial)[2:]
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert is_payment_reference("ZX" + swapped) == (swapped == digits)


@pytest.mark.parametrize(
    "text", ["", "ZX", "ZX2100011", "ZX210001130", "LJ21000113", "21000113", "ZX00000001", "ZX２1000113"]
)
def test_other_texts_are_not_a_reference(text):
    assert not is_payment_reference(text)


@pytest.mark.parametrize("serial", [0, -1, 1_000_000])
def test_a_serial_of_more_than_six_digits_is_rejected(serial):
    with pytest.raises(ValueError, match="out of range"):
        payment_reference(serial)


@pytest.mark.parametrize(
    "remark",
    [
        "ZX21000113",
        "培训费ZX21000113李某",
        "ＺＸ２１０００１１３　培训费",
        "zx21000113",
        "ZX 2100 0113 培训费",
        "Z X2100-0113",
        "ZX21000113 2人",
        "ZX21000113、ZX21000113",
    ],
)
def test_a_reference_is_found_in_all_common_spellings(remark):
    assert payment_references(remark) == ("ZX21000113",)


def test_several_references_in_one_remark_are_found_in_order():
    assert payment_references("ZX21003702、ZX21000113培训费2人") == ("ZX21003702", "ZX21000113")
    assert payment_references("ZX21003702ZX21000113") == ("ZX21003702", "ZX21000113")


@pytest.mark.parametrize(
    "remark",
    [
        "",
        "培训费",
        "ZX210",
        "ZX21000114",
        "ZX210001139",
        "ZX2100 01139",
        "21000113",
        "ZX2100/0113",
        "报名编号ZJTX2021-0002",
    ],
)
def test_truncated_mistyped_or_other_texts_are_no_reference(remark):
    assert payment_references(remark) == ()


@given(serials, st.text(alphabet="培训费、,。 ZXzx", max_size=6), st.text(alphabet="培训费、,。 ZXzx", max_size=6))
def test_a_reference_is_found_within_any_text(serial, before, after):
    reference = payment_reference(serial)
    assert payment_references(before + reference + after) == (reference,)
