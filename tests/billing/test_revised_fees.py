"""Revised fees: the new amount due, and money received before."""

from datetime import UTC, datetime

from services.billing import actions, queries
from services.billing.models import FeeAccount, SubsidyLine
from services.demo.programme import programme
from shared.events.billing import FeePaid, FeePaymentReversed
from shared.events.intake import FeeLine, Programme, ProgrammeRevised
from tests.billing.desk import Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code

DAY, NEXT = datetime(2021, 11, 25, 2, tzinfo=UTC), datetime(2021, 12, 7, 2, tzinfo=UTC)


def lines(self_fen: int, central_fen: int = 1_000_000) -> list[dict[str, object]]:
    amounts = {"self": self_fen, "central": central_fen}
    return [line | {"amount_fen": amounts.get(line["code"], line["amount_fen"])} for line in programme()["fee_lines"]]


def revised(self_fen: int, *, version: int = 2) -> ProgrammeRevised:
    changes = {"version": version, "fee_lines": lines(self_fen)}
    return ProgrammeRevised(programme=Programme.model_validate(programme() | changes))


def owed(desk: Desk, number: int = 1) -> int:
    return desk.one(FeeAccount, application_id(number)).expected_fen


def test_a_fee_raised_before_the_admission_reverses_the_payment(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    desk.handle(revised(2_600_000), desk.admitted(1))
    assert [event.paid_fen for event in desk.published(FeePaymentReversed)] == [FEE]
    desk.now = NEXT
    file = statement_of(Line(NEXT, ALPHA, 100_000, code(1)), first_day=NEXT.date(), last_day=NEXT.date())
    desk.import_statement(*file, confirmed=True)
    assert [(event.paid_fen, event.paid_at) for event in desk.published(FeePaid)] == [(FEE, DAY), (2_600_000, NEXT)]
    assert (owed(desk), desk.stats()["self_fen"]) == (2_600_000, 2_600_000)


def test_the_surplus_over_a_lowered_fee_is_unapplied(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    desk.handle(revised(2_400_000), desk.admitted(1))
    stats = desk.stats()
    assert (stats["self_fen"], stats["self_paid_fen"], stats["unapplied_fen"]) == (2_400_000, 2_400_000, 100_000)
    assert [fen for _entry, fen in desk.query(queries.unapplied_entries)] == [100_000]
    assert desk.published(FeePaymentReversed) == []
    desk.act(actions.undo_decision, desk.entries()[0].id, reason="付款人来电")
    stats = desk.stats()
    assert (stats["self_paid_fen"], stats["unapplied_fen"], stats["unmatched_fen"]) == (0, 0, FEE)


def test_an_admission_before_the_revision_carries_its_own_fee(desk):
    fee_lines = tuple(FeeLine.model_validate(line) for line in lines(2_600_000, central_fen=900_000))
    desk.handle(desk.admitted(1).model_copy(update={"fee_lines": fee_lines, "programme_version": 2}))
    assert owed(desk) == 2_600_000
    assert desk.one(SubsidyLine, (application_id(1), "central")).amount_fen == 900_000
    desk.handle(revised(2_600_000))
    assert (owed(desk), owed(desk, 2)) == (2_600_000, 2_600_000)


def test_a_revision_after_the_admission_changes_no_due_fee(desk):
    desk.handle(desk.admitted(1), revised(2_600_000))
    assert owed(desk) == FEE
