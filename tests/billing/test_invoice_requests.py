"""Requirements of an invoice request: the 代付说明, the buyer's data, a rate, a connector."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from services.billing import actions
from services.billing.models import Document, Invoice
from services.billing.rules.invoices.buyers import Buyer, InvoiceKind
from services.billing.rules.invoices.vat import TaxRate
from services.billing.states import DocumentKind, InvoiceState
from shared.events import FileClaim
from shared.events.billing import InvoiceIssued, InvoiceRequested
from shared.events.intake import InvoiceTitle
from shared.events.review import SeatReleased
from shared.foundation.errors import Conflict, Invalid
from shared.persistence.models import AuditRow
from tests.billing.desk import CODE, FINANCE, Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code
from tests.billing.test_papers import fail
from tests.printed import words
from tests.processes import sent_mails

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
CONTACT = {
    "address": "重庆市某区某路1号",
    "phone": "023-00000000",
    "bank": "某某银行某支行",
    "account_number": "50000012345678",
}


def buyer(kind: InvoiceKind = InvoiceKind.NORMAL, **changes: str) -> Buyer:
    fields = {"title": ALPHA, "tax_number": "91500000MA5UXXXX0X"} | changes
    return Buyer(kind=kind, **fields)


def invoice_of(desk: Desk, number: int = 1) -> Invoice:
    (found,) = [row for row in desk.rows(Invoice) if row.application_id == application_id(number)]
    return found


def correct(desk: Desk, invoice: Invoice, corrected: Buyer) -> None:
    desk.act(actions.correct_buyer, invoice.id, corrected, keys=desk.process.tools.keys)


@pytest.fixture
def by_student(desk: Desk) -> Desk:
    """Application 1 is admitted; the student has paid in person, the firm is the buyer."""
    desk.handle(desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, "钱一鸣", FEE, code(1))))
    return desk


@pytest.fixture
def paid(desk: Desk) -> Desk:
    """Application 1 is admitted, and its firm has paid."""
    desk.handle(desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    return desk


def with_invoice_title(desk: Desk, **changes: str) -> Desk:
    """Change the invoice title of application 1; admitted and paid."""
    title = {"title": ALPHA, "tax_number": "91500000MA5UXXXX0X", "kind": "normal"} | changes
    desk.handle(desk.submitted(1, ALPHA, "钱一鸣", revision=2, invoice=InvoiceTitle(**title)), desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    return desk


def test_an_invoice_paid_by_another_party_waits_for_the_statement(by_student):
    assert sorted(by_student.run_jobs()) == ["sent", "waits for finance"]
    invoice = invoice_of(by_student)
    assert (invoice.state, invoice.wanting) == (InvoiceState.REQUESTED, "付款人与购买方不一致，须先收到代付说明。")
    assert by_student.published(InvoiceRequested) == []
    assert by_student.stats()["open_work_items"] == 1
    (letter,) = sent_mails(by_student.folder)
    assert f"付款人（钱一鸣）与发票购买方（{ALPHA}）不一致，请提供代付说明" in letter


def test_the_statement_is_recorded_and_the_invoice_continues(by_student):
    by_student.run_jobs()
    by_student.act(actions.keep_payer_statement, invoice_of(by_student).id, " 学员代付，原件存凭证12号 ")
    by_student.run_jobs()
    invoice = invoice_of(by_student)
    assert (invoice.state, invoice.wanting) == (InvoiceState.ISSUED, "")
    recorded = (invoice.payer_statement, invoice.payer_statement_by, invoice.payer_statement_at)
    assert recorded == ("学员代付，原件存凭证12号", FINANCE, by_student.now)
    assert "keep_payer_statement" in [row.action for row in by_student.rows(AuditRow)]
    (request,) = [row for row in by_student.rows(Document) if row.kind == DocumentKind.INVOICE_REQUEST]
    printed = words(by_student.process.tools.files.get(FileClaim.model_validate(request.claim), purpose="bank"))
    assert "代付说明学员代付，原件存凭证12号" in printed
    assert by_student.stats()["open_work_items"] == 0


def test_an_empty_or_late_statement_is_refused(by_student, tmp_path):
    invoice = invoice_of(by_student)
    with pytest.raises(Invalid, match="请写明代付说明的内容"):
        by_student.act(actions.keep_payer_statement, invoice.id, " ")
    by_student.act(actions.keep_payer_statement, invoice.id, "原件已收")
    by_student.run_jobs()
    with pytest.raises(Conflict, match="已提交"):
        by_student.act(actions.keep_payer_statement, invoice.id, "又一份")


def test_a_firm_that_pays_for_itself_needs_no_statement(paid):
    with pytest.raises(Conflict, match="付款人就是购买方"):
        paid.act(actions.keep_payer_statement, invoice_of(paid).id, "原件已收")


def test_a_statement_for_one_payer_is_not_valid_for_another(by_student):
    invoice = invoice_of(by_student)
    (entry,) = by_student.entries()
    by_student.act(actions.keep_payer_statement, invoice.id, "学员代付")
    by_student.act(actions.undo_decision, entry.id, reason="记错")
    line = Line(datetime(2021, 12, 8, 2, tzinfo=UTC), "重庆某乙商贸有限公司", FEE, code(1))
    first_day, last_day = date(2021, 12, 6), date(2021, 12, 9)
    by_student.import_statement(*statement_of(line, first_day=first_day, last_day=last_day, opening_fen=FEE))
    other = by_student.entries()[1]
    by_student.act(actions.assign_entry, other.id, {application_id(1): FEE}, note="电话核实")
    by_student.run_jobs()
    invoice = invoice_of(by_student)
    assert (invoice.state, invoice.payer) == (InvoiceState.REQUESTED, "重庆某乙商贸有限公司")
    assert (invoice.payer_statement, invoice.payer_statement_at) == ("", None)


def test_a_seat_declined_before_the_statement_is_not_invoiced(by_student):
    by_student.run_jobs()
    released = SeatReleased(
        application_id=application_id(1), programme=CODE, reason="declined", released_at=by_student.now
    )
    by_student.handle(released)
    by_student.act(actions.keep_payer_statement, invoice_of(by_student).id, "原件已收")
    assert by_student.run_jobs() == ["not needed"]
    with pytest.raises(Conflict, match="未缴清或已终止"):
        by_student.act(actions.resubmit_invoice, invoice_of(by_student).id)
    stats = by_student.stats()
    assert (stats["receipts_sent"], stats["documents_sent"], stats["invoices_requested"]) == (1, 0, 0)


def test_incomplete_buyer_data_wait_for_finance_with_each_error(desk):
    with_invoice_title(desk, tax_number="500000000000001", kind="special")
    desk.run_jobs()
    invoice = invoice_of(desk)
    assert invoice.wanting == "开票信息有误：纳税人识别号应为 18 至 20 位大写字母和数字，请按营业执照填写。"
    assert desk.stats()["open_work_items"] == 1
    correct(desk, invoice, buyer(kind=InvoiceKind.SPECIAL))
    desk.run_jobs()
    assert invoice_of(desk).state == InvoiceState.ISSUED


def test_a_special_invoice_may_require_contact_data_and_the_account_is_sealed(desk):
    with_invoice_title(desk, kind="special")
    desk.run_jobs(special_invoice_needs_contact=True)
    invoice = invoice_of(desk)
    assert invoice.wanting == "开票信息有误：请填写购买方地址。请填写购买方电话。请填写开户行。请填写银行账号。"
    correct(desk, invoice, buyer(kind=InvoiceKind.SPECIAL, **CONTACT))
    desk.run_jobs(special_invoice_needs_contact=True)
    invoice = invoice_of(desk)
    assert (invoice.state, invoice.buyer_bank) == (InvoiceState.ISSUED, "某某银行某支行")
    assert invoice.buyer_account is not None
    assert (invoice.buyer_account["mask"], "50000012345678" in str(invoice.buyer_account)) == ("****5678", False)
    assert [row for row in desk.rows(AuditRow) if "50000012345678" in str(row.details)] == []


def test_an_invalid_correction_is_refused(paid):
    with pytest.raises(Invalid) as refused:
        correct(paid, invoice_of(paid), buyer(title="", tax_number="91-50"))
    assert [error.field for error in refused.value.field_errors] == ["title", "tax_number"]


def test_a_corrected_buyer_is_submitted_under_a_new_id(paid):
    paid.run_jobs()
    before = invoice_of(paid)
    with pytest.raises(Conflict, match="未提交或开具失败"):
        correct(paid, before, buyer())
    fail(paid, before.id)
    paid.act(actions.resubmit_invoice, before.id)
    correct(paid, before, buyer(title="重庆甲木数控机床有限公司一分公司"))
    assert (invoice_of(paid).state, invoice_of(paid).failure) == (InvoiceState.REQUESTED, "")
    paid.run_jobs()
    after = invoice_of(paid)
    assert after.submission_id != before.submission_id
    assert after.wanting == "付款人与购买方不一致，须先收到代付说明。"


def test_a_request_without_a_rate_waits_and_is_checked_again(paid):
    paid.run_jobs(tax_rates=[TaxRate(Decimal("0.06"), date(2022, 1, 1))])
    assert invoice_of(paid).wanting == "2021-11-25 没有可用的税率，请由会计在设置中核对税率及其生效日期。"
    paid.act(actions.resubmit_invoice, invoice_of(paid).id)
    paid.run_jobs()
    invoice = invoice_of(paid)
    assert (invoice.rate, invoice.net_fen, invoice.tax_fen) == ("0.03", 2_427_184, 72_816)
    assert (invoice.preference_code, invoice.rate_basis) == ("08", "财税〔2016〕68号第三条")


def test_the_rate_stays_that_of_the_request(paid):
    rates = [
        TaxRate(Decimal("0.06"), date(2021, 1, 1), date(2021, 11, 26)),
        TaxRate(Decimal("0.01"), date(2021, 11, 26)),
    ]
    paid.run_jobs(tax_rates=rates, invoice_connector="none")
    paid.now = datetime(2021, 12, 1, tzinfo=UTC)
    paid.act(actions.resubmit_invoice, invoice_of(paid).id)
    paid.run_jobs(tax_rates=rates)
    assert (invoice_of(paid).rate, invoice_of(paid).tax_fen) == ("0.06", 141_509)


def test_without_a_connector_the_request_is_sent_and_stays_requested(paid):
    assert sorted(paid.run_jobs(invoice_connector="none")) == ["no connector", "sent", "sent"]
    assert (invoice_of(paid).state, paid.published(InvoiceIssued)) == (InvoiceState.REQUESTED, [])
    assert len(paid.published(InvoiceRequested)) == 1
    paid.act(actions.resubmit_invoice, invoice_of(paid).id)
    paid.run_jobs()
    assert (invoice_of(paid).state, len(paid.published(InvoiceRequested))) == (InvoiceState.ISSUED, 1)
