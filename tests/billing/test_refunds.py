"""Refunds: to the paying account, approved by a second person, and sent only once a statement shows the debit."""

from datetime import date, timedelta

import pytest

from services.billing import actions
from services.billing.models import BankEntry, Refund
from services.billing.states import EntryState, RefundState
from shared.events.billing import FeePaid, FeePaymentReversed, RefundSent
from shared.events.review import ApplicantWaitlisted
from shared.foundation.errors import Conflict, Forbidden, Invalid, NotFound
from tests.billing.desk import CHECKER, CODE, FINANCE, application_id
from tests.billing.money import Line, statement_of
from tests.billing.refunding import DAY, SENT, december, end_with_refund, refund_ordered
from tests.billing.snapshots import ALPHA, BETA, FEE, code


def test_an_order_proposes_a_refund_to_the_paying_account_once(paid):
    (refund,) = paid.refunds()
    (entry,) = paid.entries()
    assert (refund.number, refund.state, refund.amount_fen) == ("TK-2021-000001", RefundState.PROPOSED, FEE)
    assert (refund.payee_name, refund.account_index) == (ALPHA, entry.account_index)
    paid.handle(refund_ordered(1))
    assert len(paid.refunds()) == 1


def test_money_of_the_waiting_list_is_held_until_review_orders_its_refund(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    desk.handle(ApplicantWaitlisted(application_id=application_id(1), programme=CODE, rank=51))
    assert desk.refunds() == []


def test_a_refund_is_sent_only_once_a_statement_shows_its_debit(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    assert (len(paid.published(FeePaymentReversed)), paid.published(RefundSent)) == (1, [])
    paid.import_statement(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}")))
    assert [(event.amount_fen, event.sent_at) for event in paid.published(RefundSent)] == [(FEE, SENT)]
    assert paid.one(Refund, refund.id).state == RefundState.SENT
    stats = paid.stats()
    assert (stats["refunds_sent_fen"], stats["refunds_sent"], stats["open_work_items"]) == (FEE, 1, 0)


def test_payments_are_refunded_in_one_sum_per_paying_account(desk):
    desk.import_statement(
        *statement_of(
            Line(DAY, ALPHA, 1_000_000, code(1)),
            Line(DAY + timedelta(hours=1), ALPHA, 500_000, code(1)),
            Line(DAY + timedelta(hours=2), "钱一鸣", 1_000_000, code(1)),
        )
    )
    end_with_refund(desk, 1)
    assert [(refund.payee_name, refund.amount_fen) for refund in desk.refunds()] == [
        (ALPHA, 1_500_000),
        ("钱一鸣", 1_000_000),
    ]
    desk.act(actions.approve_refunds, [refund.id for refund in desk.refunds()], actor=CHECKER)
    desk.import_statement(
        *december(
            Line(SENT, ALPHA, -1_500_000, f"退费{code(1)}"),
            Line(SENT + timedelta(hours=1), "钱一鸣", -1_000_000, f"退费{code(1)}"),
        )
    )
    assert [(event.amount_fen, event.total_fen) for event in desk.published(RefundSent)] == [
        (1_500_000, 1_500_000),
        (1_000_000, 2_500_000),
    ]


def test_a_payment_after_the_order_is_refunded_too(desk):
    end_with_refund(desk, 1)
    assert desk.refunds() == []
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    assert [refund.amount_fen for refund in desk.refunds()] == [FEE]
    assert len(desk.published(FeePaid)) == 1


def test_a_refund_of_manually_booked_money_needs_another_approver(desk):
    desk.import_statement(*statement_of(Line(DAY, "钱一鸣", FEE, "培训费")))
    (entry,) = desk.entries()
    desk.act(actions.confirm_proposals, [entry.id], actor=FINANCE)
    end_with_refund(desk, 1)
    (refund,) = desk.refunds()
    with pytest.raises(Forbidden, match="另一位复核人"):
        desk.act(actions.approve_refunds, [refund.id], actor=FINANCE)
    desk.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    assert desk.one(Refund, refund.id).approved_by == CHECKER


def test_the_proposer_of_a_refund_cannot_approve_it(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, 4_000_000, code(1))))
    (entry,) = desk.entries()
    desk.act(actions.confirm_proposals, [entry.id], actor=FINANCE)
    refund = desk.act(actions.propose_refund_of_entry, entry.id, reason="多缴", actor=CHECKER)
    with pytest.raises(Forbidden, match="另一位复核人"):
        desk.act(actions.approve_refunds, [refund.id], actor=CHECKER)


def test_an_overpayment_is_proposed_by_finance_and_the_fee_stays_paid(desk):
    desk.handle(desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, ALPHA, 4_000_000, code(1))))
    (entry,) = desk.entries()
    desk.act(actions.confirm_proposals, [entry.id])
    assert desk.stats()["open_work_items"] == 1
    refund = desk.act(actions.propose_refund_of_entry, entry.id, reason="多缴 15,000 元")
    assert (refund.amount_fen, desk.stats()["open_work_items"]) == (1_500_000, 0)
    with pytest.raises(Conflict, match="没有可退的款项"):
        desk.act(actions.propose_refund_of_entry, entry.id, reason="再退一次")
    desk.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    desk.import_statement(*december(Line(SENT, ALPHA, -1_500_000, f"退费{code(1)}多缴"), opening_fen=4_000_000))
    assert [event.amount_fen for event in desk.published(RefundSent)] == [1_500_000]
    assert desk.published(FeePaymentReversed) == []


def test_an_unmatched_receipt_is_refunded_to_its_payer(desk):
    stranger = "重庆某甲商贸有限公司"
    desk.import_statement(*statement_of(Line(DAY, stranger, 660_000, "货款")))
    (entry,) = desk.entries()
    desk.act(actions.put_to_unapplied, entry.id, application_id=None, note="与报名无关")
    refund = desk.act(actions.propose_refund_of_entry, entry.id, reason="汇错")
    desk.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    desk.import_statement(*december(Line(SENT, stranger, -660_000, "退款"), opening_fen=660_000))
    assert desk.one(Refund, refund.id).state == RefundState.SENT
    assert desk.published(RefundSent) == []


def test_a_refund_debit_without_approval_waits_for_a_person(paid):
    paid.import_statement(*december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}")))
    debit = paid.entries()[-1]
    assert (debit.state, debit.outcome) == (EntryState.OPEN, "REFUND_OUT")
    with pytest.raises(Conflict, match="已批准的退款单"):
        paid.act(actions.confirm_proposals, [debit.id])
    paid.act(actions.approve_refunds, [paid.refunds()[0].id], actor=CHECKER)
    assert paid.act(actions.rematch_open_entries) == 1
    assert len(paid.published(RefundSent)) == 1


def test_a_debit_to_another_account_than_the_payers_is_no_refund(paid):
    paid.act(actions.approve_refunds, [paid.refunds()[0].id], actor=CHECKER)
    paid.import_statement(*december(Line(SENT, "重庆某乙商贸有限公司", -FEE, f"退费{code(1)}")))
    assert (paid.entries()[-1].state, paid.published(RefundSent)) == (EntryState.OPEN, [])


def test_a_bounced_refund_is_approved_again_and_can_be_sent_again(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    back, again = SENT + timedelta(days=1), SENT + timedelta(days=2)
    paid.import_statement(
        *december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}"), Line(back, ALPHA, FEE, "退汇：户名不符"))
    )
    row = paid.one(Refund, refund.id)
    assert (row.state, row.bounced_at, row.sent_at) == (RefundState.APPROVED, back, None)
    stats = paid.stats()
    assert (stats["applied_fen"], stats["refunds_sent_fen"], stats["refunds_sent"]) == (2 * FEE, FEE, 0)
    paid.import_statement(
        *statement_of(
            Line(again + timedelta(days=20), ALPHA, -FEE, f"退费{code(1)}"),
            first_day=date(2022, 1, 1),
            last_day=date(2022, 1, 31),
            opening_fen=FEE,
        )
    )
    assert paid.one(Refund, refund.id).state == RefundState.SENT
    assert len(paid.published(RefundSent)) == 2


def test_undoing_a_bounce_or_a_refund_restores_the_previous_state(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    back = SENT + timedelta(days=1)
    paid.import_statement(
        *december(Line(SENT, ALPHA, -FEE, f"退费{code(1)}"), Line(back, ALPHA, FEE, "退汇：户名不符"))
    )
    _, debit, bounce = paid.entries()
    with pytest.raises(Conflict, match="先撤销"):
        paid.act(actions.undo_decision, debit.id, reason="看错了")
    paid.act(actions.undo_decision, bounce.id, reason="不是退汇")
    assert paid.one(Refund, refund.id).state == RefundState.SENT
    paid.act(actions.undo_decision, debit.id, reason="不是这张退款单")
    assert paid.one(Refund, refund.id).state == RefundState.APPROVED
    assert paid.stats()["unmatched_fen"] == FEE


def test_a_declined_refund_leaves_the_money_and_needs_a_reason(paid):
    (refund,) = paid.refunds()
    with pytest.raises(Invalid, match="原因"):
        paid.act(actions.decline_refund, refund.id, reason=" ")
    paid.act(actions.decline_refund, refund.id, reason="企业要求转为下期")
    assert [row.state for row in paid.refunds()] == [RefundState.DECLINED]
    with pytest.raises(Conflict, match="不退"):
        paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)


def test_an_approval_can_be_declined_before_the_bank_pays(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    paid.act(actions.decline_refund, refund.id, reason="账户核对有误", actor=CHECKER)
    assert len(paid.published(FeePaid)) == 2
    assert paid.stats()["applied_fen"] == FEE


def test_a_payment_in_a_refund_cannot_be_undone(paid):
    (entry,) = paid.entries()
    with pytest.raises(Conflict, match="TK-2021-000001"):
        paid.act(actions.undo_decision, entry.id, reason="看错了")


def test_reversed_money_is_not_refunded(paid):
    paid.act(actions.approve_refunds, [paid.refunds()[0].id], actor=CHECKER)
    taken = Line(SENT - timedelta(days=5), ALPHA, -FEE, "错账冲正", reversal=True)
    paid.import_statement(*december(taken))
    assert [row.state for row in paid.refunds()] == [RefundState.DECLINED]
    assert paid.stats()["reversals_fen"] == FEE


def test_several_refunds_are_approved_together_or_not_at_all(desk):
    desk.import_statement(*statement_of(Line(DAY, BETA, 2 * FEE, f"{code(2)}、{code(3)}")))
    end_with_refund(desk, 2)
    end_with_refund(desk, 3)
    ids = [refund.id for refund in desk.refunds()]
    with pytest.raises(NotFound, match="没有这张退款单"):
        desk.act(actions.approve_refunds, [*ids, application_id(9)], actor=CHECKER)
    with pytest.raises(Invalid, match="至少选择一张"):
        desk.act(actions.approve_refunds, [], actor=CHECKER)
    assert {refund.state for refund in desk.refunds()} == {RefundState.PROPOSED}
    desk.act(actions.approve_refunds, ids, actor=CHECKER)
    desk.import_statement(*december(Line(SENT, BETA, -2 * FEE, f"退费{code(2)}、{code(3)}"), opening_fen=2 * FEE))
    assert sorted(event.amount_fen for event in desk.published(RefundSent)) == [FEE, FEE]


def test_a_person_assigns_refunds_to_a_debit_without_a_remark(paid):
    (refund,) = paid.refunds()
    paid.act(actions.approve_refunds, [refund.id], actor=CHECKER)
    paid.import_statement(*december(Line(SENT, ALPHA, -FEE, "往来款")))
    debit = paid.entries()[-1]
    assert (debit.state, debit.outcome) == (EntryState.OPEN, "NO_MATCH")
    with pytest.raises(Conflict, match="不一致"):
        paid.act(actions.settle_refunds_by_hand, debit.id, [], note="")
    paid.act(actions.settle_refunds_by_hand, debit.id, [refund.id], note="回单附言为往来款")
    assert len(paid.published(RefundSent)) == 1
    assert paid.one(BankEntry, debit.id).note == "回单附言为往来款"
