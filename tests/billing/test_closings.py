"""When nothing is left to go back, others hear so; and again when that holds no longer."""

from datetime import UTC, date, datetime, timedelta

from services.billing import actions
from services.billing.states import EntryState
from shared.events.billing import RefundClosed
from tests.billing.desk import CHECKER, Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.refunding import DAY, SENT, december, ended
from tests.billing.snapshots import ALPHA, BETA, FEE, code

LATER = datetime(2022, 1, 5, 2, tzinfo=UTC)
BACK = datetime(2022, 2, 5, 2, tzinfo=UTC)


def january(*lines: Line) -> tuple[bytes, str]:
    return statement_of(*lines, first_day=date(2022, 1, 1), last_day=date(2022, 1, 31), opening_fen=0)


def february(*lines: Line) -> tuple[bytes, str]:
    return statement_of(*lines, first_day=date(2022, 2, 1), last_day=date(2022, 2, 28), opening_fen=FEE)


def closings(desk: Desk) -> list[datetime | None]:
    return [said.closed_at for said in desk.said(RefundClosed)]


def test_refunds_are_closed_by_the_last_debit_open_again_by_later_money_and_closed_once_more(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    assert paid.said(RefundClosed) == []
    paid.bring_in(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}")))
    assert closings(paid) == [SENT]
    paid.bring_in(*january(Line(LATER, BETA, FEE, code(1))))
    paid.act(actions.assign_entry, paid.entries()[-1].id, {application_id(1): FEE}, note="电话核实")
    assert closings(paid) == [SENT, None]
    paid.act(actions.approve_refunds, [paid.refunds()[1].id], actor=CHECKER)
    assert len(paid.said(RefundClosed)) == 2
    paid.bring_in(*february(Line(BACK, BETA, -FEE, f"退费{code(1)}")))
    assert closings(paid) == [SENT, None, BACK]


def test_a_refund_that_comes_back_opens_what_was_closed_until_it_is_sent_again_or_declined(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    back = SENT + timedelta(days=1)
    paid.bring_in(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}"), Line(back, ALPHA, FEE, "退汇：户名不符")))
    assert closings(paid) == [SENT, None]
    paid.now = back + timedelta(days=3)
    paid.act(actions.decline_refund, refund.id, reason="企业请求留作下期", actor=CHECKER)
    assert closings(paid) == [SENT, None, paid.now]


def test_of_two_refunds_both_must_have_ended_and_a_third_opens_them_again(desk):
    desk.bring_in(
        *statement_of(Line(DAY, ALPHA, 1_000_000, code(1)), Line(DAY, "重庆某丙机械有限公司", 1_500_000, code(1)))
    )
    for entry in desk.entries():
        if entry.state == EntryState.OPEN:
            desk.act(actions.assign_entry, entry.id, {application_id(1): entry.amount_fen}, note="电话核实")
    ended(desk, 1)
    first, second = desk.refunds()
    desk.act(actions.decline_refund, first.id, reason="已另行处理", actor=CHECKER)
    assert closings(desk) == []
    desk.act(actions.decline_refund, second.id, reason="已另行处理", actor=CHECKER)
    assert closings(desk) == [desk.now]
    entry = desk.entries()[0]
    desk.act(actions.propose_refund_of_entry, entry.id, reason="仍需退回")
    assert closings(desk) == [desk.now, None]


def test_a_debit_whose_booking_is_undone_opens_what_was_closed(paid):
    paid.act(actions.approve_refunds, [paid.refunds()[0].id], actor=CHECKER)
    paid.bring_in(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}")))
    paid.act(actions.undo_decision, paid.entries()[-1].id, reason="误认", actor=CHECKER)
    assert closings(paid) == [SENT, None]


def test_a_refund_of_what_a_seat_holder_paid_too_much_closes_nothing(desk):
    desk.say(desk.admitted(1))
    desk.bring_in(*statement_of(Line(DAY, ALPHA, FEE + 1_500_000, code(1))))
    (entry,) = desk.entries()
    if entry.state == EntryState.OPEN:
        desk.act(actions.assign_entry, entry.id, {application_id(1): FEE}, note="电话核实")
    refund = desk.act(actions.propose_refund_of_entry, entry.id, reason="多缴")
    desk.act(actions.decline_refund, refund.id, reason="抵作他用", actor=CHECKER)
    assert closings(desk) == []


def test_where_nothing_was_paid_refunds_are_closed_with_the_order_and_a_repeat_says_nothing(desk):
    for _ in range(2):
        ended(desk, 1)
    assert closings(desk) == [desk.now]


def test_a_seat_after_all_opens_what_was_closed(desk):
    ended(desk, 1)
    desk.say(desk.admitted(1))
    assert [said.closed_at is None for said in desk.said(RefundClosed)] == [False, True]
