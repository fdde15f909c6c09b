from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.billing.rules.refunds import Receipt, RefundPart, refund_parts
from shared.errors import Conflict

NOON = datetime(2021, 11, 25, 4, tzinfo=UTC)
FEE = 2_500_000


def receipts(*held: int) -> list[Receipt]:
    return [Receipt(f"E{day}", NOON + timedelta(days=day), amount) for day, amount in enumerate(held)]


def test_a_person_who_was_not_admitted_gets_every_payment_back():
    assert refund_parts(receipts(1_000_000, 1_500_000), keep_fen=0) == (
        RefundPart("E1", 1_500_000),
        RefundPart("E0", 1_000_000),
    )


def test_a_kept_seat_gives_back_only_what_is_over_from_the_latest_payment():
    assert refund_parts(receipts(FEE, FEE), keep_fen=FEE) == (RefundPart("E1", FEE),)
    assert refund_parts(receipts(4_000_000), keep_fen=FEE) == (RefundPart("E0", 1_500_000),)
    assert refund_parts(receipts(2_000_000, 1_000_000, 1_000_000), keep_fen=FEE) == (
        RefundPart("E2", 1_000_000),
        RefundPart("E1", 500_000),
    )


def test_what_went_back_already_does_not_go_back_again():
    assert refund_parts(receipts(0, FEE), keep_fen=0) == (RefundPart("E1", FEE),)
    assert refund_parts(receipts(FEE), keep_fen=FEE) == ()
    assert refund_parts([], keep_fen=0) == ()


def test_a_fee_that_is_not_complete_leaves_nothing_over():
    with pytest.raises(Conflict, match=r"24,990\.00 元不足应留的 25,000\.00 元"):
        refund_parts(receipts(2_499_000), keep_fen=FEE)


@given(st.lists(st.integers(min_value=0, max_value=10**7), max_size=6), st.integers(min_value=0, max_value=10**6))
def test_the_parts_are_exactly_what_is_not_kept_and_no_receipt_gives_more_than_it_held(held, keep_fen):
    assume(sum(held) >= keep_fen)
    paid = {receipt.entry_id: receipt.held_fen for receipt in receipts(*held)}
    parts = refund_parts(receipts(*held), keep_fen=keep_fen)
    assert sum(part.amount_fen for part in parts) == sum(held) - keep_fen
    assert all(0 < part.amount_fen <= paid[part.entry_id] for part in parts)
