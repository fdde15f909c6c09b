"""Red letters for reversed or refunded money: proposed, confirmed by finance, issued by the connector."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing import actions
from services.billing.models import Document, Invoice
from services.billing.states import DocumentKind, InvoiceState
from shared.events import FileClaim
from shared.events.billing import InvoiceIssued, RedInvoiceIssued
from shared.events.review import RefundOrdered, SeatReleased
from shared.foundation.errors import Conflict, Invalid
from shared.persistence.models import AuditRow
from tests.billing.desk import CHECKER, CODE, Desk, application_id
from tests.billing.money import LAST_DAY, Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code
from tests.billing.test_papers import fail
from tests.printed import words

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
DECEMBER = {"first_day": LAST_DAY + timedelta(days=1), "last_day": date(2021, 12, 31)}
TAKEN = datetime(2021, 12, 13, 2, tzinfo=UTC)


@pytest.fixture
def issued(desk: Desk) -> Desk:
    """Application 1 is admitted, has paid in two parts, and its invoice is issued."""
    desk.handle(desk.admitted(1))
    desk.import_statement(
        *statement_of(Line(DAY, ALPHA, 1_000_000, code(1)), Line(DAY + timedelta(hours=1), ALPHA, 1_500_000, code(1)))
    )
    desk.run_jobs()
    desk.now = datetime(2021, 12, 31, 2, tzinfo=UTC)
    return desk


def reds(desk: Desk) -> list[Invoice]:
    return sorted((row for row in desk.rows(Invoice) if row.corrects_id), key=lambda row: row.request_no)


def undo(desk: Desk, *positions: int) -> None:
    for position in positions:
        desk.act(actions.undo_decision, desk.entries()[position].id, reason="付款人来电")


def assign(desk: Desk, position: int) -> None:
    entry = desk.entries()[position]
    desk.act(actions.assign_entry, entry.id, {application_id(1): entry.amount_fen}, note="核实无误")


def confirm(desk: Desk) -> None:
    (proposed,) = [red for red in reds(desk) if red.state == InvoiceState.PROPOSED]
    desk.act(actions.confirm_red_letter, proposed.id, "03")
    desk.run_jobs()


def test_a_payment_reversed_after_the_invoice_proposes_a_red_letter(issued):
    issued.import_statement(*statement_of(Line(TAKEN, ALPHA, -1_500_000, "冲正", True), opening_fen=FEE, **DECEMBER))
    (red,) = reds(issued)
    assert (red.state, red.amount_fen, red.request_no) == (InvoiceState.PROPOSED, 1_500_000, "KP-2021-000001-H1")
    assert issued.stats()["open_work_items"] == 1
    assert issued.published(RedInvoiceIssued) == []
    assert "propose_red_letter" in [row.action for row in issued.rows(AuditRow)]


def test_an_approved_refund_proposes_a_red_letter_over_its_amount(issued):
    issued.handle(
        SeatReleased(application_id=application_id(1), programme=CODE, reason="dropped_out", released_at=issued.now),
        RefundOrdered(application_id=application_id(1), programme=CODE, reason="退学"),
    )
    assert reds(issued) == []
    issued.act(actions.approve_refunds, [refund.id for refund in issued.refunds()], actor=CHECKER)
    assert [(red.state, red.amount_fen) for red in reds(issued)] == [(InvoiceState.PROPOSED, FEE)]
    issued.act(actions.decline_refund, issued.refunds()[0].id, reason="改为留用")
    assert [red.state for red in reds(issued)] == [InvoiceState.DROPPED]


def test_finance_confirms_and_the_connector_issues_the_red_letter(issued):
    undo(issued, 0, 1)
    confirm(issued)
    (red,) = reds(issued)
    (invoice,) = [row for row in issued.rows(Invoice) if row.corrects_id is None]
    assert (red.state, red.net_fen, red.tax_fen) == (InvoiceState.ISSUED, invoice.net_fen, invoice.tax_fen)
    (event,) = issued.published(RedInvoiceIssued)
    assert (event.corrects, event.invoice_number, event.amount_fen) == (invoice.number, red.number, FEE)
    (document,) = [row for row in issued.rows(Document) if row.kind == DocumentKind.RED_LETTER]
    printed = words(issued.process.tools.files.get(FileClaim.model_validate(document.claim), purpose="bank"))
    for shown in ("样张", "-25,000.00", f"红冲{invoice.number}"):
        assert shown in printed
    stats = issued.stats()
    names = ("invoices_issued", "red_letters_issued", "red_letters_sent", "invoiced_fen")
    assert [stats[name] for name in names] == [1, 1, 1, 0]


def test_the_last_of_several_red_letters_takes_the_remainder_of_the_tax(issued):
    undo(issued, 0)
    confirm(issued)
    undo(issued, 1)
    confirm(issued)
    (invoice,) = [row for row in issued.rows(Invoice) if row.corrects_id is None]
    assert [red.amount_fen for red in reds(issued)] == [1_000_000, 1_500_000]
    assert sum(red.tax_fen for red in reds(issued)) == invoice.tax_fen
    assert sum(red.net_fen for red in reds(issued)) == invoice.net_fen


def test_later_payments_withdraw_the_proposal_and_reversals_raise_it(issued):
    undo(issued, 0)
    undo(issued, 1)
    assert [(red.state, red.amount_fen) for red in reds(issued)] == [(InvoiceState.PROPOSED, FEE)]
    assign(issued, 0)
    assert [red.amount_fen for red in reds(issued)] == [1_500_000]
    assign(issued, 1)
    assert [red.state for red in reds(issued)] == [InvoiceState.DROPPED]
    assert issued.stats()["open_work_items"] == 0
    assert issued.run_jobs() == []


def test_a_payment_after_a_red_letter_is_invoiced_again(issued):
    undo(issued, 0)
    confirm(issued)
    assign(issued, 0)
    issued.run_jobs()
    invoices = [(event.request_no, event.amount_fen) for event in issued.published(InvoiceIssued)]
    assert invoices == [("KP-2021-000001", FEE), ("KP-2021-000002", 1_000_000)]
    assert [red.state for red in reds(issued)] == [InvoiceState.ISSUED]
    assert issued.stats()["receipts_sent"] == 1


def test_an_invoice_issued_after_the_reversal_proposes_a_red_letter(desk):
    desk.handle(desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    desk.run_jobs(invoice_connector="none")
    (invoice,) = desk.rows(Invoice)
    undo(desk, 0)
    with desk.process.database.transaction() as uow:
        row = uow.session.get_one(Invoice, invoice.id)
        row.state = InvoiceState.SUBMITTED
        actions.note_invoice_issued(uow, row, "21110000000000000001", desk.now, actor="job", now=desk.now)
    assert [(red.state, red.amount_fen) for red in reds(desk)] == [(InvoiceState.PROPOSED, FEE)]


def test_finance_may_drop_a_red_letter_with_a_reason(issued):
    undo(issued, 0)
    (red,) = reds(issued)
    with pytest.raises(Invalid, match="请写明不红冲的原因"):
        issued.act(actions.drop_red_letter, red.id, reason=" ")
    issued.act(actions.drop_red_letter, red.id, reason="企业明日补缴")
    with pytest.raises(Conflict, match="不红冲"):
        issued.act(actions.confirm_red_letter, red.id, "03")
    assert (reds(issued)[0].failure, issued.stats()["open_work_items"]) == ("企业明日补缴", 1)


def test_a_red_letter_needs_a_valid_reason_and_a_red_invoice(issued):
    undo(issued, 0)
    (red,) = reds(issued)
    with pytest.raises(Invalid, match="请选择红冲原因"):
        issued.act(actions.confirm_red_letter, red.id, "05")
    (invoice,) = [row for row in issued.rows(Invoice) if row.corrects_id is None]
    for refused in (
        lambda: issued.act(actions.confirm_red_letter, invoice.id, "03"),
        lambda: issued.act(actions.drop_red_letter, invoice.id, reason="x"),
    ):
        with pytest.raises(Conflict, match="不是红字发票"):
            refused()


def test_a_failed_red_letter_is_submitted_again(issued):
    undo(issued, 0)
    (red,) = reds(issued)
    issued.act(actions.confirm_red_letter, red.id, "01")
    issued.run_jobs(invoice_connector="none")
    fail(issued, red.id)
    issued.act(actions.resubmit_invoice, red.id)
    issued.run_jobs()
    assert reds(issued)[0].state == InvoiceState.ISSUED
