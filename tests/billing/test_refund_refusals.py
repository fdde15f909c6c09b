"""Refused decisions on debits and bounced refunds: without a reason, or at all."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing import actions
from services.billing.models import Refund
from services.billing.states import RefundState
from services.demo.programme import programme
from shared.events.intake import Programme, ProgrammePublished
from shared.events.review import ApplicantNotSelected, RefundOrdered
from shared.foundation.errors import Conflict, Invalid
from tests.billing.desk import CHECKER, CODE, Desk, application_id
from tests.billing.money import LAST_DAY, Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
SENT = datetime(2021, 12, 20, 2, tzinfo=UTC)


@pytest.fixture
def approved(desk: Desk) -> Desk:
    """Application 1 has paid and is not selected; its refund is approved."""
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    desk.handle(
        ApplicantNotSelected(application_id=application_id(1), programme=CODE, rank=60),
        RefundOrdered(application_id=application_id(1), programme=CODE, reason="未入选"),
    )
    desk.act(actions.approve_refunds, [refund.id for refund in desk.refunds()], actor=CHECKER)
    return desk


def december(desk: Desk, *lines: Line) -> None:
    first_day = LAST_DAY + timedelta(days=1)
    desk.import_statement(*statement_of(*lines, first_day=first_day, last_day=date(2021, 12, 31), opening_fen=FEE))


def test_a_debit_to_another_party_settles_a_refund_only_with_a_note(approved):
    december(approved, Line(SENT, "重庆某乙商贸有限公司", -FEE, "往来款"))
    (refund,), debit = approved.refunds(), approved.entries()[-1]
    with pytest.raises(Invalid, match="收款人不是原付款人，请写明依据"):
        approved.act(actions.settle_refunds_by_hand, debit.id, [refund.id], note=" ")
    approved.act(actions.settle_refunds_by_hand, debit.id, [refund.id], note="原付款人书面委托")
    assert approved.one(Refund, refund.id).state == RefundState.SENT


def test_a_debit_to_the_payer_settles_a_refund_without_a_note(approved):
    december(approved, Line(SENT, ALPHA, -FEE, "往来款"))
    approved.act(actions.settle_refunds_by_hand, approved.entries()[-1].id, [approved.refunds()[0].id], note="")
    assert approved.refunds()[0].state == RefundState.SENT


def test_an_undone_bounce_leaves_the_refund_sent(approved):
    december(
        approved,
        Line(SENT, ALPHA, -FEE, f"退费{code(1)}"),
        Line(SENT + timedelta(days=1), ALPHA, FEE, "退汇：户名不符"),
    )
    assert approved.refunds()[0].bounced_at is not None
    approved.act(actions.undo_decision, approved.entries()[-1].id, reason="不是退汇")
    (refund,) = approved.refunds()
    assert (refund.state, refund.bounced_at, refund.bounced_entry_id) == (RefundState.SENT, None, None)


def test_the_first_of_two_bounces_is_not_undone_before_the_second(approved):
    december(
        approved,
        Line(SENT, ALPHA, -FEE, f"退费{code(1)}"),
        Line(SENT + timedelta(days=1), ALPHA, FEE, "退汇：户名不符"),
        Line(SENT + timedelta(days=2), ALPHA, -FEE, f"退费{code(1)}"),
        Line(SENT + timedelta(days=3), ALPHA, FEE, "退汇：户名不符"),
    )
    first = approved.entries()[2]
    with pytest.raises(Conflict, match="请先撤销后面的处理"):
        approved.act(actions.undo_decision, first.id, reason="不是退汇")
    assert approved.refunds()[0].state == RefundState.APPROVED
    approved.stats()


def test_an_entry_of_another_account_is_no_original(desk):
    other = programme() | {"code": "OTHER", "version": 1}
    other["remittance"] = other["remittance"] | {"account_number": "0200009999200066402"}
    desk.keys.create("OTHER")
    desk.handle(ProgrammePublished(programme=Programme.model_validate(other)))
    desk.import_statement(*statement_of(Line(DAY, "重庆某协会", 660_000, "往来")))
    content, name = statement_of(Line(SENT - timedelta(days=20), "重庆某协会", -660_000, "调账"))
    desk.import_statement(content.replace(b"0200009999200066401", b"0200009999200066402"), name)
    credit, debit = desk.entries()
    with pytest.raises(Conflict, match="同一账户"):
        desk.act(actions.pair_with_original, debit.id, credit.id, note="回单")
