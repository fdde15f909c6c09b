"""RefundClosed: published once all refunds have ended, and again when that no longer holds."""

from datetime import UTC, date, datetime, timedelta

from services.billing import actions
from services.billing.states import EntryState
from shared.events.billing import RefundClosed
from tests.billing.desk import CHECKER, Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.refunding import DAY, SENT, december, end_with_refund
from tests.billing.snapshots import ALPHA, BETA, FEE, code

LATER = datetime(2022, 1, 5, 2, tzinfo=UTC)
BACK = datetime(2022, 2, 5, 2, tzinfo=UTC)


def january(*lines: Line) -> tuple[bytes, str]:
    return statement_of(*lines, first_day=date(2022, 1, 1), last_day=date(2022, 1, 31), opening_fen=0)


def february(*lines: Line) -> tuple[bytes, str]:
    return statement_of(*lines, first_day=date(2022, 2, 1), last_day=date(2022, 2, 28), opening_fen=FEE)


def closings(desk: Desk) -> list[datetime | None]:
    return [event.closed_at for event in desk.published(RefundClosed)]


def test_the_last_debit_closes_refunds_and_a_later_payment_reopens_them(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    assert paid.published(RefundClosed) == []
    paid.import_statement(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}")))
    assert closings(paid) == [SENT]
    paid.import_statement(*january(Line(LATER, BETA, FEE, code(1))))
    paid.act(actions.assign_entry, paid.entries()[-1].id, {application_id(1): FEE}, note="电话核实")
    assert closings(paid) == [SENT, None]
    paid.act(actions.approve_refunds, [paid.refunds()[1].id], actor=CHECKER)
    assert len(paid.published(RefundClosed)) == 2
    paid.import_statement(*february(Line(BACK, BETA, -FEE, f"退费{code(1)}")))
    assert closings(paid) == [SENT, None, BACK]


def test_a_bounced_refund_reopens_refunds_until_it_is_sent_or_declined(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    back = SENT + timedelta(days=1)
    paid.import_statement(
        *december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}"), Line(back, ALPHA, FEE, "退汇：户名不符"))
    )
    assert closings(paid) == [SENT, None]
    paid.now = back + timedelta(days=3)
    paid.act(actions.decline_refund, refund.id, reason="企业请求留作下期", actor=CHECKER)
    assert closings(paid) == [SENT, None, paid.now]


def test_both_refunds_must_end_and_a_third_reopens_them(desk):
    desk.import_statement(
        *statement_of(Line(DAY, ALPHA, 1_000_000, code(1)), Line(DAY, "重庆某丙机械有限公司", 1_500_000, code(1)))
    )
    for entry in desk.entries():
        if entry.state == EntryState.OPEN:
            desk.act(actions.assign_entry, entry.id, {application_id(1): entry.amount_fen}, note="电话核实")
    end_with_refund(desk, 1)
    first, second = desk.refunds()
    desk.act(actions.decline_refund, first.id, reason="已另行处理", actor=CHECKER)
    assert closings(desk) == []
    desk.act(actions.decline_refund, second.id, reason="已另行处理", actor=CHECKER)
    assert closings(desk) == [desk.now]
    entry = desk.entries()[0]
    desk.act(actions.propose_refund_of_entry, entry.id, reason="仍需退回")
    assert closings(desk) == [desk.now, None]


def test_undoing_the_debit_reopens_refunds(paid):
    paid.act(actions.approve_refunds, [paid.refunds()[0].id], actor=CHECKER)
    paid.import_statement(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}")))
    paid.act(actions.undo_decision, paid.entries()[-1].id, reason="误认", actor=CHECKER)
    assert closings(paid) == [SENT, None]


def test_an_overpayment_refund_of_a_seat_holder_closes_nothing(desk):
    desk.handle(desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE + 1_500_000, code(1))))
    (entry,) = desk.entries()
    if entry.state == EntryState.OPEN:
        desk.act(actions.assign_entry, entry.id, {application_id(1): FEE}, note="电话核实")
    refund = desk.act(actions.propose_refund_of_entry, entry.id, reason="多缴")
    desk.act(actions.decline_refund, refund.id, reason="抵作他用", actor=CHECKER)
    assert closings(desk) == []


def test_an_order_without_payments_closes_refunds_once(desk):
    for _ in range(2):
        end_with_refund(desk, 1)
    assert closings(desk) == [desk.now]


def test_a_later_admission_reopens_refunds(desk):
    end_with_refund(desk, 1)
    desk.handle(desk.admitted(1))
    assert [event.closed_at is None for event in desk.published(RefundClosed)] == [False, True]
