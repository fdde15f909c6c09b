"""Payments: a booking pays fees, FeePaid and its reversal are published once, and a person decides open entries."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.billing import actions
from services.billing.models import BankEntry, FeeAccount, Posting, SubsidyLine
from services.billing.states import AccountState, EntryState
from shared.events.billing import FeePaid, FeePaymentReversed
from shared.events.intake import ApplicationWithdrawn
from shared.events.review import ApplicantNotSelected, ApplicantWaitlisted, SeatReleased
from shared.foundation.errors import Conflict, Invalid, NotFound, OutOfOrder
from tests.billing.desk import CODE, FILED, Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, BETA, FEE, code

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
RELEASED = datetime(2021, 12, 18, 2, tzinfo=UTC)


def state(desk: Desk, number: int) -> str:
    return desk.one(FeeAccount, application_id(number)).state


def seat_released(number: int) -> SeatReleased:
    return SeatReleased(application_id=application_id(number), programme=CODE, reason="lapsed", released_at=RELEASED)


def test_a_payment_is_published_with_the_banks_booking_time(desk):
    desk.now = DAY + timedelta(days=9)
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    (event,) = desk.published(FeePaid)
    assert (event.application_id, event.paid_fen, event.paid_at) == (application_id(1), FEE, DAY)
    assert desk.stats()["applied_fen"] == FEE


def test_two_partial_payments_are_paid_with_the_second(desk):
    rest = DAY + timedelta(days=1)
    desk.import_statement(*statement_of(Line(DAY, ALPHA, 1_000_000, code(1)), Line(rest, ALPHA, 1_500_000, code(1))))
    assert [event.paid_at for event in desk.published(FeePaid)] == [rest]


def test_a_transfer_with_two_codes_of_one_firm_pays_both(desk):
    desk.import_statement(*statement_of(Line(DAY, BETA, 2 * FEE, f"{code(2)}、{code(3)}培训费2人")))
    assert {event.application_id for event in desk.published(FeePaid)} == {application_id(2), application_id(3)}


def test_a_reversal_by_the_bank_undoes_the_payment(desk):
    taken_at = DAY + timedelta(days=1)
    desk.import_statement(
        *statement_of(Line(DAY, ALPHA, FEE, code(1)), Line(taken_at, ALPHA, -FEE, "错账冲正", reversal=True))
    )
    assert len(desk.published(FeePaid)) == 1
    assert [(event.paid_fen, event.reversed_at) for event in desk.published(FeePaymentReversed)] == [(0, taken_at)]
    stats = desk.stats()
    assert (stats["applied_fen"], stats["reversals_fen"], stats["open_work_items"]) == (FEE, FEE, 0)


def test_a_reversal_of_an_undecided_entry_cancels_it(desk):
    stranger = "重庆某甲商贸有限公司"
    taken_at = DAY + timedelta(days=1)
    desk.import_statement(
        *statement_of(Line(DAY, stranger, FEE, "货款"), Line(taken_at, stranger, -FEE, "错账冲正", reversal=True))
    )
    stats = desk.stats()
    assert (stats["unmatched_fen"], stats["ignored_fen"], stats["reversals_fen"]) == (0, FEE, FEE)
    assert stats["open_work_items"] == 0


def test_a_suggestion_waits_for_a_person_and_is_booked_when_confirmed(desk):
    desk.import_statement(*statement_of(Line(DAY, "孙二喜", FEE, "培训费")))
    (entry,) = desk.entries()
    assert (entry.state, entry.outcome, desk.published(FeePaid)) == (EntryState.OPEN, "SUGGEST", [])
    assert desk.stats()["unmatched_fen"] == FEE
    desk.act(actions.confirm_proposals, [entry.id])
    assert [event.application_id for event in desk.published(FeePaid)] == [application_id(2)]
    assert desk.stats()["applied_fen"] == FEE
    with pytest.raises(Conflict, match="已处理"):
        desk.act(actions.confirm_proposals, [entry.id])


def test_a_payment_of_the_whole_fee_pays_the_self_paid_part(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, 4_000_000, f"{code(1)}培训总费用")))
    (entry,) = desk.entries()
    desk.act(actions.confirm_proposals, [entry.id])
    stats = desk.stats()
    assert (stats["applied_fen"], stats["unapplied_fen"], stats["open_work_items"]) == (FEE, 1_500_000, 1)


def test_a_second_payment_waits_while_the_first_is_only_a_suggestion(desk):
    desk.import_statement(
        *statement_of(Line(DAY, "钱一鸣", FEE, "培训费"), Line(DAY + timedelta(hours=1), ALPHA, FEE, code(1)))
    )
    assert [entry.outcome for entry in desk.entries()] == ["SUGGEST", "SUGGEST"]
    first, second = desk.entries()
    desk.act(actions.ignore_entry, first.id, reason="学员个人往来款")
    assert desk.act(actions.rematch_open_entries) == 1
    assert desk.one(BankEntry, second.id).outcome == "AUTO"
    assert len(desk.published(FeePaid)) == 1


def test_a_receipt_is_assigned_to_several_people_and_the_rest_is_unapplied(desk):
    desk.import_statement(*statement_of(Line(DAY, "重庆某乙商贸有限公司", 6_000_000, "代付")))
    (entry,) = desk.entries()
    shares = {application_id(2): FEE, application_id(3): FEE}
    desk.act(actions.assign_entry, entry.id, shares, note="两人代付，有说明")
    assert {event.application_id for event in desk.published(FeePaid)} == set(shares)
    assert desk.stats()["unapplied_fen"] == 1_000_000


@pytest.mark.parametrize(
    ("shares", "refusal", "message"),
    [
        ({1: 2_600_000}, Conflict, "只差 25,000.00 元"),
        ({1: 0}, Invalid, "大于零"),
        ({}, Invalid, "大于零"),
        ({1: FEE, 2: FEE}, Invalid, "超出来款"),
        ({9: 100}, NotFound, "没有这份报名的缴费账户"),
    ],
)
def test_an_invalid_assignment_is_refused_and_moves_nothing(desk, shares, refusal, message):
    desk.import_statement(*statement_of(Line(DAY, "重庆某乙商贸有限公司", 3_000_000, "代付")))
    (entry,) = desk.entries()
    with pytest.raises(refusal, match=message):
        desk.act(actions.assign_entry, entry.id, {application_id(n): fen for n, fen in shares.items()}, note="")
    assert desk.stats()["unmatched_fen"] == 3_000_000


def test_a_debit_cannot_be_assigned_or_kept_as_unapplied(desk):
    desk.import_statement(*statement_of(Line(DAY, "重庆某乙物业有限公司", -500_000, "房租")))
    (entry,) = desk.entries()
    with pytest.raises(Conflict, match="支出"):
        desk.act(actions.assign_entry, entry.id, {application_id(1): 500_000}, note="")
    with pytest.raises(Conflict, match="支出"):
        desk.act(actions.put_to_unapplied, entry.id, application_id=None, note="")
    desk.act(actions.ignore_entry, entry.id, reason="办公房租")
    assert desk.stats()["other_debits_fen"] == 500_000


def test_ignoring_and_undoing_need_a_reason_and_an_entry(desk):
    desk.import_statement(*statement_of(Line(DAY, "重庆某乙商贸有限公司", 660_000, "课件制作费")))
    (entry,) = desk.entries()
    with pytest.raises(Invalid, match="原因"):
        desk.act(actions.ignore_entry, entry.id, reason="  ")
    with pytest.raises(Conflict, match="没有可撤销"):
        desk.act(actions.undo_decision, entry.id, reason="看错了")
    with pytest.raises(NotFound, match="没有这笔银行流水"):
        desk.act(actions.ignore_entry, uuid4(), reason="其他")
    with pytest.raises(Conflict, match="没有可以直接确认的建议"):
        desk.act(actions.confirm_proposals, [entry.id])
    with pytest.raises(Invalid, match="至少选择一笔"):
        desk.act(actions.confirm_proposals, [])


def test_an_undone_booking_is_counter_posted_and_not_rebooked_automatically(desk):
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    (entry,) = desk.entries()
    lines = len(desk.rows(Posting))
    desk.act(actions.undo_decision, entry.id, reason="付款人来电：款项属于其他业务")
    assert len(desk.rows(Posting)) == lines + 2
    assert [event.paid_fen for event in desk.published(FeePaymentReversed)] == [0]
    assert desk.stats()["unmatched_fen"] == FEE
    assert desk.act(actions.rematch_open_entries) == 0
    desk.act(actions.put_to_unapplied, entry.id, application_id=application_id(1), note="待退")
    assert desk.stats()["unapplied_fen"] == FEE


def test_undoing_needs_a_reason_and_starts_with_the_reversal(desk):
    desk.import_statement(
        *statement_of(
            Line(DAY, ALPHA, FEE, code(1)), Line(DAY + timedelta(days=1), ALPHA, -FEE, "错账冲正", reversal=True)
        )
    )
    paid, taken = desk.entries()
    with pytest.raises(Invalid, match="原因"):
        desk.act(actions.undo_decision, paid.id, reason="")
    with pytest.raises(Conflict, match="先撤销对应的那一笔"):
        desk.act(actions.undo_decision, paid.id, reason="看错了")
    desk.act(actions.undo_decision, taken.id, reason="银行确认冲正的是另一笔")
    assert len(desk.published(FeePaid)) == 2
    desk.act(actions.undo_decision, paid.id, reason="重新认定")
    assert desk.stats()["unmatched_fen"] == FEE


def test_a_person_pairs_a_reversal_that_the_bank_did_not_mark(desk):
    desk.import_statement(
        *statement_of(Line(DAY, ALPHA, FEE, code(1)), Line(DAY + timedelta(days=1), "", -FEE, "内部调账"))
    )
    paid, taken = desk.entries()
    assert taken.outcome == "NO_MATCH"
    with pytest.raises(Conflict, match="方向相反、金额相同"):
        desk.act(actions.pair_with_original, taken.id, taken.id, note="")
    desk.act(actions.pair_with_original, taken.id, paid.id, note="银行回单")
    assert len(desk.published(FeePaymentReversed)) == 1
    assert desk.stats()["reversals_fen"] == FEE


def test_an_admission_makes_the_fee_due_and_claims_the_subsidies(desk):
    desk.handle(desk.admitted(1), desk.admitted(1))
    assert state(desk, 1) == AccountState.DUE
    assert sorted((line.code, line.amount_fen, line.payee) for line in desk.rows(SubsidyLine)) == [
        ("central", 1_000_000, "重庆市中小企业发展服务中心"),
        ("municipal", 500_000, "重庆市中小企业发展服务中心"),
    ]
    stats = desk.stats()
    parts = ("total_due_fen", "central_fen", "municipal_fen", "self_fen", "self_paid_fen", "seats_due")
    assert [stats[name] for name in parts] == [4_000_000, 1_000_000, 500_000, FEE, 0, 1]
    desk.handle(seat_released(1))
    stats = desk.stats()
    assert [stats[name] for name in parts] == [0, 0, 0, 0, 0, 0]


def test_a_waitlisted_account_waits_until_it_is_not_selected(desk):
    desk.handle(ApplicantWaitlisted(application_id=application_id(1), programme=CODE, rank=51))
    assert state(desk, 1) == AccountState.WAITING
    desk.handle(ApplicantNotSelected(application_id=application_id(1), programme=CODE, rank=51))
    assert state(desk, 1) == AccountState.ENDED


def test_a_withdrawal_after_an_admission_leaves_the_fee_due(desk):
    withdrawn = ApplicationWithdrawn(application_id=application_id(1), withdrawn_at=FILED, reason="")
    desk.handle(desk.admitted(1), withdrawn)
    assert state(desk, 1) == AccountState.DUE
    desk.handle(withdrawn.model_copy(update={"application_id": application_id(2)}), desk.admitted(2))
    assert state(desk, 2) == AccountState.DUE


def test_an_event_of_an_unknown_application_is_retried(desk):
    with pytest.raises(OutOfOrder):
        desk.handle(desk.admitted(9))
    with pytest.raises(OutOfOrder):
        desk.handle(desk.submitted(9, ALPHA, "无名").model_copy(update={"programme": "CQ-2022"}))


def test_a_stale_revision_changes_nothing(desk):
    newer = desk.submitted(1, ALPHA, "钱一鸣", revision=2)
    titled = newer.model_copy(update={"invoice": newer.invoice.model_copy(update={"title": "重庆甲木集团有限公司"})})
    desk.handle(titled, desk.submitted(1, ALPHA, "钱一鸣"))
    assert desk.one(FeeAccount, application_id(1)).invoice_title == "重庆甲木集团有限公司"
