"""The generated statements: payers, amounts and times, and balances that add up from statement to statement."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest

from services.demo.cohort import cohort
from services.demo.payments import (
    OPENING_FEN,
    SHANGHAI,
    Refund,
    admitted_statement,
    early_statement,
    lapsing,
    last_week_of,
    promoted_statement,
    refund_statement,
)
from services.demo.statements import Statement
from services.demo.transfers import Fact, account_of

SEEDS = (1, 2, 20211122)


def facts(seed: int) -> list[Fact]:
    """Return the fee accounts of a fully accepted cohort as finance sees them, in posting order."""
    found = []
    for number, one in enumerate(cohort(seed).applications, start=1):
        digits = f"21{number:04d}"
        reference = f"ZX{digits}{(1 - int(digits) * 100) % 97:02d}"
        firm_name, name = one.body["firm"]["name"], one.body["student"]["name"]
        found.append(Fact(reference, f"ZJTX2021-{number:04d}", firm_name, name, one.posted_at))
    return found


def paid(statement: Statement, fact: Fact) -> int:
    """Return the fen credited to one fee account by transfers with its correct code."""
    single = [e for e in statement.entries if e.remark.count("ZX") == 1 and fact.reference in e.remark]
    return sum(entry.amount_fen for entry in single if entry.credit)


@pytest.fixture(scope="module", params=SEEDS)
def money(request) -> tuple[int, list[Fact], list[Fact], list[Statement]]:
    seed = request.param
    everyone = facts(seed)
    early = early_statement(everyone, seed)
    admitted = [replace(fact, paid_fen=min(paid(early, fact), fact.due_fen)) for fact in everyone[:50]]
    december = admitted_statement(admitted, seed, early.closing_fen)
    promoted = promoted_statement(everyone[50:53], lapsing(admitted), seed, december.closing_fen)
    refunds = [Refund(fact.reference, fact.firm_name, 2_500_000) for fact in everyone[60:80]]
    january = refund_statement(refunds, seed, promoted.closing_fen)
    return seed, everyone, admitted, [early, december, promoted, january]


def test_the_same_facts_and_seed_give_the_same_statement():
    assert early_statement(facts(4), 4) == early_statement(list(reversed(facts(4))), 4)
    assert early_statement(facts(4), 4) != early_statement(facts(4), 5)


def test_periods_have_no_gaps_and_their_entries_are_in_order(money):
    statements = money[3]
    assert [(str(s.first_day), str(s.last_day)) for s in statements] == [
        ("2021-11-22", "2021-12-05"),
        ("2021-12-06", "2021-12-17"),
        ("2021-12-18", "2021-12-23"),
        ("2021-12-24", "2022-01-31"),
    ]
    assert all(after.first_day - before.last_day == timedelta(days=1) for before, after in pairwise(statements))
    for statement in statements:
        moments = [entry.booked_at for entry in statement.entries]
        assert moments == sorted(moments)
        assert all(m.tzinfo == SHANGHAI and statement.first_day <= m.date() <= statement.last_day for m in moments)


def test_the_export_of_the_last_week_has_the_same_entries_and_balances(money):
    early = money[3][0]
    week = last_week_of(early)
    assert (str(week.first_day), week.last_day) == ("2021-11-29", early.last_day)
    assert week.entries == tuple(entry for entry in early.entries if entry.booked_at.date() >= week.first_day)
    assert 0 < len(week.entries) < len(early.entries)
    assert week.balances == early.balances[-len(week.entries) :]


def test_balances_continue_between_statements_and_stay_positive(money):
    statements = money[3]
    assert statements[0].opening_fen == OPENING_FEN
    assert all(after.opening_fen == before.closing_fen for before, after in pairwise(statements))
    for statement in statements:
        into, out = statement.turnover(credit=True), statement.turnover(credit=False)
        assert statement.opening_fen + into - out == statement.closing_fen == statement.balances[-1]
        assert min(statement.balances) > 0


def test_the_early_statement_contains_every_payment_case(money):
    _, everyone, _, (early, *_) = money
    students, firms = {fact.student_name for fact in everyone}, {fact.firm_name for fact in everyone}
    received = [entry for entry in early.entries if entry.credit]
    assert sum(entry.party in students for entry in received) == 2
    assert Counter(entry.amount_fen for entry in received if entry.party in firms)[4_000_000] == 1
    assert {"两人培训费", "培训费", "账户验证", "课件制作费"} <= {entry.remark for entry in received}
    assert [entry.summary for entry in early.entries].count("结息") == 1
    assert [entry.remark.endswith("首付款") for entry in received].count(True) == 1
    assert any(entry.remark.count("ZX") == 2 and entry.amount_fen == 5_000_000 for entry in received)
    assert any(entry.party == "示例通支付科技有限公司客户备付金" for entry in received)
    assert any("ＺＸ" in entry.remark for entry in received)


def test_no_payment_with_a_reference_precedes_the_day_after_the_application(money):
    _, everyone, _, (early, *_) = money
    booked = [(e.booked_at.date(), f.submitted_at) for e in early.entries for f in everyone if f.reference in e.remark]
    assert len(booked) > 20
    assert all(day > submitted_at.astimezone(SHANGHAI).date() for day, submitted_at in booked)


def test_the_second_part_and_the_reversal_follow_the_first_booking(money):
    early = money[3][0]
    first, rest = (next(e for e in early.entries if e.remark.endswith(end)) for end in ("首付款", "尾款"))
    assert first.booked_at < rest.booked_at
    assert (first.party, first.amount_fen, rest.amount_fen) == (rest.party, 1_000_000, 1_500_000)
    debit = next(e for e in early.entries if e.reversal)
    credit = next(e for e in early.entries if e.credit and e.party == debit.party and "培训费" not in e.remark)
    assert (credit.amount_fen, credit.party_account, credit.booked_at < debit.booked_at) == (
        debit.amount_fen,
        debit.party_account,
        True,
    )


def test_all_admitted_but_three_have_paid_in_full_by_the_deadline(money):
    _, _, admitted, (_, december, *_) = money
    lapsed = lapsing(admitted)
    assert len(set(lapsed)) == 3
    assert all(fact.paid_fen == 0 for fact in lapsed)
    for fact in admitted:
        mentioned = [e for e in december.entries if fact.reference in e.remark]
        assert (mentioned == []) == (fact in lapsed or fact.open_fen == 0)
    needed = sum(fact.open_fen for fact in admitted if fact not in lapsed)
    assert needed == sum(entry.amount_fen for entry in december.entries if "ZX" in entry.remark)
    assert max(entry.booked_at for entry in december.entries).isoformat() == "2021-12-16T23:58:20+08:00"


def test_the_promoted_pay_by_22_december_and_one_who_lapsed_pays_too_late(money):
    _, everyone, admitted, (_, _, promoted, _) = money
    last = lapsing(admitted)[-1]
    assert {paid(promoted, fact) for fact in [*everyone[50:53], last]} == {2_500_000}
    assert [paid(promoted, fact) for fact in lapsing(admitted)[:2]] == [0, 0]
    assert {entry.booked_at.date().day for entry in promoted.entries} <= {19, 20, 21, 22}


def test_each_refund_is_debited_to_the_account_of_its_payee(money):
    seed, everyone, _, (*_, january) = money
    debits = [(e.party, e.party_account, e.amount_fen, e.remark) for e in january.entries if e.party]
    assert sorted(debits) == sorted(
        (fact.firm_name, account_of(fact.firm_name, seed), 2_500_000, f"退费{fact.reference}")
        for fact in everyone[60:80]
    )
    assert not any(entry.credit for entry in january.entries)


def test_people_pay_from_cards_and_firms_from_corporate_accounts():
    assert account_of("杨䶮", 1) == account_of("杨䶮", 1) != account_of("杨䶮", 2)
    assert (len(account_of("杨䶮", 1)), account_of("杨䶮", 1)[:2]) == (19, "62")
    assert account_of("重庆珺槿新材料有限公司", 1)[:2] != "62"
    assert account_of("", 1) == ""


def test_ten_applications_are_enough_for_four_statements():
    few = facts(1)[:10]
    early = early_statement(few, 1)
    december = admitted_statement(few[:5], 1, early.closing_fen)
    assert len(december.entries) > 0
    assert lapsing([]) == ()
    assert len(lapsing(few[:2])) == 2
