"""Receipt, invoice request and invoice: due once a person is admitted and has paid, and sent once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from services.billing import actions
from services.billing.connectors.interface import Failed
from services.billing.models import Document, Invoice
from services.billing.states import DocumentKind, InvoiceState
from shared.events import FileClaim
from shared.events.billing import InvoiceIssued, InvoiceRequested
from shared.foundation.errors import Conflict, NotFound
from shared.persistence.models import JobRow
from tests.billing.desk import Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, BETA, FEE, code
from tests.printed import words
from tests.processes import sent_mails

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)


def fail(desk: Desk, invoice_id: UUID) -> None:
    """Let the connector refuse a request."""
    with desk.process.database.transaction() as uow:
        row = uow.session.get_one(Invoice, invoice_id)
        row.state = InvoiceState.SUBMITTED
        reason = Failed("购买方税号不存在").reason
        actions.note_invoice_failed(uow, row, reason, actor="job", now=desk.now)


def documents_by_kind(desk: Desk) -> dict[str, Document]:
    return {row.kind: row for row in desk.rows(Document)}


@pytest.fixture
def paid(desk: Desk) -> Desk:
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    return desk


def test_payment_or_admission_alone_makes_no_document_due(paid):
    paid.handle(paid.admitted(2))
    assert (paid.rows(Document), paid.rows(JobRow)) == ([], [])


def test_payment_and_admission_make_documents_due_and_each_is_sent_once(paid):
    paid.handle(paid.admitted(1), paid.admitted(1))
    paid.run_jobs()
    found = documents_by_kind(paid)
    assert {kind: row.number for kind, row in found.items() if kind != DocumentKind.INVOICE} == {
        "receipt": "SK-2021-000001",
        "invoice_request": "KP-2021-000001",
    }
    number = str(found["invoice"].number)
    assert (len(number), number.isdigit()) == (20, True)
    assert [event.request_no for event in paid.published(InvoiceRequested)] == ["KP-2021-000001"]
    assert [(event.invoice_number, event.amount_fen) for event in paid.published(InvoiceIssued)] == [(number, FEE)]
    assert len(sent_mails(paid.folder)) == 3
    stats = paid.stats()
    names = ("documents_sent", "receipts_sent", "invoices_requested", "invoices_issued", "invoiced_fen")
    assert [stats[name] for name in names] == [3, 1, 1, 1, FEE]
    assert paid.run_jobs() == []


def test_sent_documents_are_stored_and_state_their_kind(paid):
    paid.handle(paid.admitted(1))
    paid.run_jobs()
    texts = {}
    for kind, row in documents_by_kind(paid).items():
        content = paid.process.tools.files.get(FileClaim.model_validate(row.claim), purpose="bank")
        texts[kind] = words(content)
    assert "本单不是发票" in texts["receipt"]
    assert "25,000.00" in texts["receipt"]
    assert "本单不是发票" in texts["invoice_request"]
    assert "样张" in texts["invoice"]
    assert ALPHA in texts["invoice"]


def test_the_connector_is_queried_until_it_has_issued(paid):
    paid.handle(paid.admitted(1))
    outcomes = paid.run_jobs()
    assert [word for word in outcomes if word in ("submitted", "pending", "issued")] == [
        "submitted",
        "pending",
        "pending",
        "issued",
    ]


def test_the_timer_queries_invoices_not_yet_issued(paid):
    paid.handle(paid.admitted(1))
    paid.run_jobs()
    (invoice,) = paid.rows(Invoice)
    with paid.process.database.transaction() as uow:
        row = uow.session.get_one(Invoice, invoice.id)
        row.state = InvoiceState.SUBMITTED
        uow.session.add(row)
    paid.tick(paid.now + timedelta(minutes=2))
    assert [row.name for row in paid.rows(JobRow) if row.state == "waiting"] == ["query_invoice"]


def test_finance_submits_a_failed_request_again(paid):
    paid.handle(paid.admitted(1))
    paid.run_jobs()
    (invoice,) = paid.rows(Invoice)
    with pytest.raises(Conflict, match="已开具"):
        paid.act(actions.resubmit_invoice, invoice.id)
    fail(paid, invoice.id)
    assert paid.stats()["open_work_items"] == 1
    paid.act(actions.resubmit_invoice, invoice.id)
    paid.run_jobs()
    assert paid.one(Invoice, invoice.id).state == InvoiceState.ISSUED
    with pytest.raises(NotFound, match="没有这张开票申请单"):
        paid.act(actions.resubmit_invoice, application_id(1))


def test_numbers_have_no_gaps_and_another_payer_is_recorded(desk):
    desk.handle(desk.admitted(1), desk.admitted(2), desk.admitted(3))
    desk.import_statement(
        *statement_of(Line(DAY, "钱一鸣", FEE, code(1)), Line(DAY, BETA, 2 * FEE, f"{code(2)}、{code(3)}"))
    )
    invoices = {row.application_id: row for row in desk.rows(Invoice)}
    assert sorted(row.request_no for row in invoices.values()) == [f"KP-2021-00000{n}" for n in (1, 2, 3)]
    assert invoices[application_id(1)].payer_is_buyer is False
    assert invoices[application_id(2)].payer_is_buyer is True


def test_an_undone_payment_stops_unwritten_documents(paid):
    paid.handle(paid.admitted(1))
    (entry,) = paid.entries()
    paid.act(actions.undo_decision, entry.id, reason="付款人来电")
    assert paid.run_jobs() == ["not needed", "not needed"]
    assert (sent_mails(paid.folder), paid.stats()["invoices_requested"]) == ([], 0)
    paid.act(actions.assign_entry, entry.id, {application_id(1): FEE}, note="核实无误")
    paid.run_jobs()
    assert (len(sent_mails(paid.folder)), paid.stats()["documents_sent"]) == (3, 3)
