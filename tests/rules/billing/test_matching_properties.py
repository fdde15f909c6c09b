from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.billing.rules.matching.names import comparable
from services.billing.rules.matching.proposals import FeeState, Outcome, Proposal
from services.billing.rules.statements.entries import Direction
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
)

POOL = (
    A1,
    B2,
    B3,
    account(12, ALPHA, "蒋十二", allocated=1_000_000),
    account(13, "重庆庚日智能装备有限责任公司", "沈十三", allocated=FEE),
    account(14, "重庆庚日智能装备有限公司", "钱一鸣"),
    account(15, "重庆辛星生物制药有限公司", "韩十五", state=FeeState.REFUND_DUE, former="重庆辛星药厂"),
)
payers = st.sampled_from(
    ["", ALPHA, BETA, "钱一鸣", "蒋十二", "重庆辛星药厂", "重庆申木数控机床有限公司", "重庆庚日智能装备", "重庆?木数控机床有限公司",
     "冯九思", "某某银行股份有限公司", "重庆市某区财政局", f"{BETA}分公司"]
)  # fmt: skip
words = st.sampled_from(
    [code(1), code(2), code(3), code(12), code(13), code(15), payment_reference(999_999), "ZX22", "钱一鸣", "李三槐",
     "沈十三", "LJ2022-0003", "培训费", "退费", "退汇", "冲正", "手续费", "结息", " ", "、"]
)  # fmt: skip
amounts = st.sampled_from([1, 660_000, 1_000_000, 1_500_000, FEE, FEE - 1, FEE + 1, 2 * FEE, 4_000_000])
entries = st.builds(
    lambda payer, text, amount, is_credit, hours, marked: replace(
        credit(payer, "".join(text), amount, at=NOON + timedelta(hours=hours)),
        direction=Direction.CREDIT if is_credit else Direction.DEBIT,
        is_reversal=marked,
    ),
    payers,
    st.lists(words, max_size=3),
    amounts,
    st.sampled_from([True, True, True, False]),
    st.integers(min_value=0, max_value=200),
    st.sampled_from([False, False, False, True]),
)


def moved(proposal: Proposal) -> int:
    return sum(proposal.allocations.values()) + proposal.unapplied_fen


@given(st.lists(entries, max_size=8))
def test_every_fen_of_a_decided_entry_is_accounted_for(stream):
    snapshot = Snapshot(*POOL)
    for entry in stream:
        proposal = snapshot.book(entry)
        prior = {each.entry_id: each for each in snapshot.prior}
        if proposal.outcome in {Outcome.AUTO, Outcome.SUGGEST}:
            assert moved(proposal) == entry.amount_fen
            assert min(proposal.allocations.values(), default=1) > 0
            assert proposal.unapplied_fen >= 0
        elif proposal.outcome in {Outcome.REVERSAL, Outcome.REFUND_BOUNCED}:
            original = prior[str(proposal.counterpart_id)]
            assert moved(proposal) == -sum(original.allocations.values()) - original.unapplied_fen
        elif proposal.outcome is Outcome.REFUND_OUT:
            assert moved(proposal) in (-entry.amount_fen, 0)
        else:
            assert (dict(proposal.allocations), proposal.unapplied_fen) == ({}, 0)


@given(st.lists(entries, max_size=8))
def test_allocations_stay_between_zero_and_the_amount_due(stream):
    snapshot = Snapshot(*POOL)
    for entry in stream:
        proposal = snapshot.book(entry)
        for application_id in proposal.allocations:
            account = snapshot.accounts[application_id]
            assert account.allocated_fen <= account.due_fen
            assert account.allocated_fen >= 0 or proposal.outcome is not Outcome.REFUND_OUT


@given(entries, st.permutations(POOL))
def test_the_order_of_the_accounts_changes_nothing(entry, shuffled):
    one, other = matched(entry, *POOL), matched(entry, *shuffled)
    assert as_tuple(one) == as_tuple(other)
    assert set(one.candidates) == set(other.candidates)


@given(st.lists(entries, max_size=6), entries, st.randoms(use_true_random=False))
def test_the_order_of_prior_entries_changes_nothing(stream, entry, dice):
    snapshot = Snapshot(*POOL)
    for each in stream:
        snapshot.book(each)
    one = snapshot.match(entry, "new")
    dice.shuffle(snapshot.prior)
    other = snapshot.match(entry, "new")
    assert as_tuple(one) == as_tuple(other)


@given(entries)
def test_an_entry_imported_twice_is_a_duplicate(entry):
    snapshot = Snapshot(*POOL)
    snapshot.book(entry, "same")
    assert snapshot.book(entry, "same").outcome is Outcome.DUPLICATE


@given(entries)
def test_only_exact_evidence_is_booked_automatically(entry):
    proposal = matched(entry, *POOL)
    if proposal.outcome is Outcome.AUTO:
        payer = comparable(entry.counterparty_name)
        paid = [each for each in POOL if each.application_id in proposal.allocations]
        assert all(payer in (comparable(each.firm_name), comparable(each.student_name)) for each in paid)


@given(st.text(alphabet="重庆甲申木火乙数控机床新材料股份有限责任公司", min_size=1, max_size=20))
def test_likeness_of_names_never_books_money(name):
    if comparable(name) not in {comparable(each.firm_name) for each in POOL}:
        assert matched(credit(name, "培训费"), *POOL).outcome is not Outcome.AUTO


def ids(proposals: Iterable[Proposal]) -> list[str]:
    return [str(proposal.outcome) for proposal in proposals]


@given(st.permutations(range(3)))
def test_the_order_of_payments_of_different_firms_changes_nothing(order):
    stream = [credit(ALPHA, code(1)), credit(BETA, code(2)), credit("重庆无关贸易商行", "货款", 660_000)]
    snapshot = Snapshot(*POOL)
    assert sorted(ids(snapshot.book(stream[place]) for place in order)) == ["AUTO", "AUTO", "NO_MATCH"]
    assert [snapshot.accounts[each].allocated_fen for each in ("A1", "A2")] == [FEE, FEE]
