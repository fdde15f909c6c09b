import csv

from services.billing.rules.matching.proposals import Flag, Outcome
from shared.foundation.money import fen
from tests.billing.snapshots import (
    FEE,
    SAMPLES,
    Snapshot,
    as_tuple,
    book_sample,
    sample_accounts,
)


def key_rows() -> list[dict[str, str]]:
    with (SAMPLES / "answer_key.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def expected(row: dict[str, str]) -> tuple[dict[str, int], int, list[str], set[str]]:
    """Parse allocations, unapplied, candidates and flags from the key's notation."""
    allocations, unapplied_fen, candidates, flags = {}, 0, [], set()
    for token in row["expected_allocation"].replace(";", "|").split("|"):
        name, _, amount = token.partition(":")
        if name == "UNAPPLIED":
            unapplied_fen = fen(amount)
        elif amount:
            allocations[name.removeprefix("-")] = -fen(amount) if name.startswith("-") else fen(amount)
        elif name.startswith("ZJTX"):
            candidates.append(name)
        elif name != "-":
            flags.add(name)
    return allocations, unapplied_fen, candidates, flags


def test_every_entry_of_the_sample_agrees_with_its_key():
    booked = book_sample(Snapshot(*sample_accounts()), "icbc_historydetail_20211122_20211205.csv")
    rows = key_rows()
    reversed_ids = {proposal.counterpart_id for _, proposal in booked if proposal.outcome is Outcome.REVERSAL}
    for number, ((_, proposal), row) in enumerate(zip(booked, rows, strict=True)):
        allocations, unapplied_fen, candidates, flags = expected(row)
        found = {str(flag) for flag in proposal.flags} | ({"REVERSED"} if str(number) in reversed_ids else set())
        if proposal.outcome is Outcome.SUGGEST:
            found.discard("PAYER_NOT_BUYER")
        assert (row["txn_id"], str(proposal.outcome), dict(proposal.allocations), proposal.unapplied_fen, found) == (
            row["txn_id"], row["expected_outcome"], allocations, unapplied_fen, flags,
        )  # fmt: skip
        assert not candidates or sorted(proposal.candidates) == sorted(candidates)


def test_personal_payers_are_flagged_in_suggestions_too():
    """The key lists the flag only for automatic bookings; a person who confirms a suggestion needs it too."""
    booked = book_sample(Snapshot(*sample_accounts()), "icbc_historydetail_20211122_20211205.csv")
    cases = {
        row["case"]
        for (_, proposal), row in zip(booked, key_rows(), strict=True)
        if Flag.PAYER_NOT_BUYER in proposal.flags
    }
    assert cases == {"M06", "M07"}


def test_the_sample_imported_again_changes_nothing():
    snapshot = Snapshot(*sample_accounts())
    book_sample(snapshot, "icbc_historydetail_20211122_20211205.csv")
    before = dict(snapshot.accounts)
    again = book_sample(snapshot, "icbc_historydetail_20211122_20211205.csv")
    assert {proposal.outcome for _, proposal in again} == {Outcome.DUPLICATE}
    assert snapshot.accounts == before


def test_the_camt_file_repeats_one_booking_of_the_icbc_file_in_another_format():
    snapshot = Snapshot(*sample_accounts())
    book_sample(snapshot, "icbc_historydetail_20211122_20211205.csv")
    booked = book_sample(snapshot, "layout_camt053.xml")
    assert [str(proposal.outcome) for _, proposal in booked] == [
        "DUPLICATE", "AUTO", "IGNORE", "AUTO", "AUTO", "AUTO", "SUGGEST",
    ]  # fmt: skip
    assert booked[4][1].flags == {Flag.REFUND_DUE}
    assert as_tuple(booked[6][1])[1:3] == ({"ZJTX2021-0089": FEE}, 1_500_000)


def test_the_cmb_file_is_matched_completely():
    booked = book_sample(Snapshot(*sample_accounts()), "layout_cmb.xlsx")
    assert [str(proposal.outcome) for _, proposal in booked] == [
        "IGNORE", "AUTO", "AUTO", "AUTO", "SUGGEST", "NO_MATCH", "AUTO", "AUTO", "AUTO", "IGNORE", "AUTO", "SUGGEST",
    ]  # fmt: skip
    assert booked[4][1].allocations == {"ZJTX2021-0051": FEE, "ZJTX2021-0052": FEE}


def test_every_proposal_has_a_readable_reason():
    for _, proposal in book_sample(Snapshot(*sample_accounts()), "icbc_historydetail_20211122_20211205.csv"):
        assert proposal.reason.endswith("。")
        assert any("\u4e00" <= char <= "\u9fff" for char in proposal.reason)
