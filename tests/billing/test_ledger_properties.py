"""Property tests: after any sequence of operations the ledger sums to zero, the bank's side adds up, and the published
payment events agree with the balances.
"""

import shutil
from contextlib import suppress
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, func, select

from services.billing import actions
from services.billing.models import FeeAccount, Posting
from services.billing.queries.balances import allocated_fen
from services.billing.rules.postings import Line as LedgerLine
from services.billing.rules.postings import allocation, arrival, decision, to_account, undone
from services.billing.states import LedgerAccount
from shared.events.billing import FeePaid, FeePaymentReversed
from shared.events.review import ApplicantNotSelected, RefundOrdered, SeatReleased
from shared.foundation.errors import Refusal
from tests.billing.desk import CHECKER, CODE, Desk, application_id, open_desk
from tests.billing.money import FIRST_DAY, Line, statement_of
from tests.billing.snapshots import ALPHA, BETA, FEE, code
from tests.processes import START

PARTIES = (ALPHA, BETA, "钱一鸣", "重庆某甲商贸有限公司", "")
REMARKS = ("", code(1), f"{code(2)}、{code(3)}", f"退费{code(1)}", "退汇", "错账冲正", "手续费", "培训费")
AMOUNTS = (FEE, -FEE, 1_000_000, -1_000_000, 2 * FEE, 4_000_000, 1, 1_500_000, -1_500_000)
bookings = st.tuples(st.sampled_from(PARTIES), st.sampled_from(REMARKS), st.sampled_from(AMOUNTS))
steps = st.one_of(
    st.tuples(st.just("import"), st.lists(bookings, min_size=1, max_size=4)),
    st.tuples(st.sampled_from(["confirm", "assign", "keep", "ignore", "undo", "pair", "propose"]), st.integers(0, 9)),
    st.tuples(
        st.sampled_from(["admit", "release", "end", "order", "approve", "decline", "rematch"]), st.integers(0, 9)
    ),
)


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """The files of a desk with three applications, from which every example starts."""
    folder = tmp_path_factory.mktemp("template")
    desk = open_desk(f"sqlite:///{folder}/test.db", folder)
    desk.handle(
        desk.submitted(1, ALPHA, "钱一鸣"), desk.submitted(2, BETA, "孙二喜"), desk.submitted(3, BETA, "李三槐")
    )
    desk.process.database.close()
    return folder


class Day:
    """Plays steps at a desk, one statement per day. A refused step changes nothing."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.opening_fen, self.days = desk, 0, count()

    def play(self, step: tuple[str, object]) -> None:
        name, argument = step
        self.desk.now += timedelta(hours=1)
        with suppress(Refusal):
            getattr(self, f"_{name}")(argument)

    def _import(self, lines) -> None:
        day = FIRST_DAY + timedelta(days=next(self.days))
        at = START + timedelta(days=(day - FIRST_DAY).days)
        made = [
            Line(at + timedelta(minutes=n), party, fen, remark, reversal=remark == "错账冲正")
            for n, (party, remark, fen) in enumerate(lines)
        ]
        self.desk.import_statement(*statement_of(*made, first_day=day, last_day=day, opening_fen=self.opening_fen))
        self.opening_fen += sum(line.amount_fen for line in made)

    def _entry(self, number: int) -> UUID:
        entries = self.desk.entries()
        return entries[number % len(entries)].id if entries else application_id(0)

    def _confirm(self, number) -> None:
        self.desk.act(actions.confirm_proposals, [self._entry(number)])

    def _assign(self, number) -> None:
        self.desk.act(actions.assign_entry, self._entry(number), {application_id(1): 1_000_000}, note="")

    def _keep(self, number) -> None:
        owner = application_id(1) if number % 2 else None
        self.desk.act(actions.put_to_unapplied, self._entry(number), application_id=owner, note="")

    def _ignore(self, number) -> None:
        self.desk.act(actions.ignore_entry, self._entry(number), reason="无关")

    def _undo(self, number) -> None:
        self.desk.act(actions.undo_decision, self._entry(number), reason="看错")

    def _pair(self, number) -> None:
        self.desk.act(actions.pair_with_original, self._entry(number), self._entry(number // 2), note="")

    def _propose(self, number) -> None:
        self.desk.act(actions.propose_refund_of_entry, self._entry(number), reason="多缴")

    def _admit(self, number) -> None:
        self.desk.handle(self.desk.admitted(number % 3 + 1))

    def _release(self, number) -> None:
        seat = SeatReleased(
            application_id=application_id(number % 3 + 1), programme=CODE, reason="lapsed", released_at=self.desk.now
        )
        self.desk.handle(seat)

    def _end(self, number) -> None:
        self.desk.handle(ApplicantNotSelected(application_id=application_id(number % 3 + 1), programme=CODE, rank=9))

    def _order(self, number) -> None:
        self.desk.handle(RefundOrdered(application_id=application_id(number % 3 + 1), programme=CODE, reason="未入选"))

    def _approve(self, number) -> None:
        refunds = self.desk.refunds()
        self.desk.act(actions.approve_refunds, [refunds[number % len(refunds)].id] if refunds else [], actor=CHECKER)

    def _decline(self, number) -> None:
        for refund in self.desk.refunds()[number : number + 1]:
            self.desk.act(actions.decline_refund, refund.id, reason="核对", actor=CHECKER)

    def _rematch(self, _number) -> None:
        self.desk.act(actions.rematch_open_entries)


def check(desk: Desk, opening_and_movements_fen: int) -> None:
    stats = desk.stats()
    assert stats["opening_fen"] + stats["credits_fen"] - stats["debits_fen"] == stats["closing_fen"]
    assert stats["closing_fen"] == opening_and_movements_fen
    unbalanced = select(Posting.transaction_id).group_by(col(Posting.transaction_id)).having(func.sum(Posting.fen) != 0)
    with desk.process.database.reader() as session:
        assert session.exec(unbalanced).all() == []
        for account in session.exec(select(FeeAccount)).all():
            paid = allocated_fen(session, account.application_id) >= account.expected_fen
            assert (account.paid_at is not None) == paid
    paid_ids = [event.application_id for event in desk.published(FeePaid)]
    reversed_ids = [event.application_id for event in desk.published(FeePaymentReversed)]
    for account in desk.rows(FeeAccount):
        number = account.application_id
        assert paid_ids.count(number) - reversed_ids.count(number) == int(account.paid_at is not None)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(played=st.lists(steps, min_size=4, max_size=14))
def test_every_sequence_of_operations_keeps_the_ledger_consistent(template, tmp_path_factory, played):
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(template, folder, dirs_exist_ok=True)
    desk = open_desk(f"sqlite:///{folder}/test.db", folder)
    try:
        day = Day(desk)
        for step in played:
            day.play(step)
            check(desk, day.opening_fen)
    finally:
        desk.process.database.close()
        shutil.rmtree(folder)


fens = st.integers(-(10**12), 10**12)


@given(fens, fens, fens)
def test_every_transaction_of_the_rules_sums_to_zero(signed_fen, fee_fen, unapplied_fen):
    assert sum(line.fen for line in arrival(signed_fen)) == 0
    lines = decision(fee_fen + unapplied_fen, allocation({"A1": fee_fen}, unapplied_fen, "A1"))
    assert sum(line.fen for line in lines) == 0
    assert sum(line.fen for line in (*lines, *undone(lines))) == 0
    ignored = decision(signed_fen, to_account(LedgerAccount.BANK_FEES, signed_fen))
    assert ignored[-1] == LedgerLine(LedgerAccount.SUSPENSE, "", signed_fen)


def test_a_decision_must_equal_the_amount_of_its_entry():
    with pytest.raises(ValueError, match="decision of 100 for an entry of 200"):
        decision(200, allocation({"A1": 100}, 0, ""))
