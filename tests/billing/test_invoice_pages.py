"""Invoices over HTTP: finance's work, the 代付说明, the buyer, red letters, refusals; no account number in clear."""

from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from services.billing import actions
from services.billing.models import Invoice
from services.billing.states import InvoiceState
from tests.billing.conftest import as_staff
from tests.billing.desk import Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
BUYER = {
    "title": "重庆甲木<b>数控</b>机床有限公司",
    "tax_number": "91500000ma5uxxxx0x",
    "kind": "special",
    "address": "=1+1",
    "phone": "023-00000000",
    "bank": "某某银行某支行",
    "account_number": "50000012345678",
}


@pytest.fixture
def waiting(december_desk: Desk) -> str:
    """The path of an invoice whose payer is not its buyer."""
    december_desk.handle(december_desk.admitted(1))
    december_desk.import_statement(*statement_of(Line(DAY, "钱一鸣", FEE, code(1))))
    december_desk.run_jobs()
    (invoice,) = december_desk.rows(Invoice)
    return f"/billing/invoices/{invoice.id}"


def test_a_payer_statement_is_requested_in_the_work_list_and_recorded_by_form(december_desk, finance, waiting):
    assert "付款人与购买方不一致，须先收到代付说明" in finance.get("/billing/work").text
    assert "登记代付说明" in finance.get(waiting).text
    (listed,) = finance.get("/billing/api/invoices?state=requested").json()
    assert (listed["payer"], listed["payer_is_buyer"], listed["payer_statement_at"]) == ("钱一鸣", False, None)
    assert finance.post(f"{waiting}/statement", data={"note": " "}).status_code == 422
    answer = finance.post(f"{waiting}/statement", data={"note": "<i>原件</i>存凭证12号"})
    assert (answer.status_code, answer.headers["location"]) == (303, waiting)
    december_desk.run_jobs()
    shown = finance.get(waiting).text
    assert "&lt;i&gt;原件&lt;/i&gt;存凭证12号（finance.zhou，" in shown
    assert "收到代付说明" in shown
    assert finance.post(f"{waiting}/statement", data={"note": "又一份"}).status_code == 409


def test_a_buyer_is_corrected_by_form_and_its_account_number_is_shown_masked(december_desk, finance, waiting):
    assert finance.post(f"{waiting}/buyer", data=BUYER | {"tax_number": "12"}).status_code == 422
    assert finance.post(f"{waiting}/buyer", data=BUYER | {"kind": "other"}).status_code == 422
    assert finance.post(f"{waiting}/buyer", data=BUYER).headers["location"] == waiting
    shown = finance.get(waiting).text
    assert "重庆甲木&lt;b&gt;数控&lt;/b&gt;机床有限公司" in shown
    assert ("****5678" in shown, "50000012345678" in shown) == (True, False)
    assert december_desk.rows(Invoice)[0].buyer_tax_number == "91500000MA5UXXXX0X"


def test_a_red_letter_is_confirmed_or_dropped_by_form(december_desk, finance):
    december_desk.handle(december_desk.admitted(1))
    december_desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    december_desk.run_jobs()
    (entry,) = december_desk.entries()
    finance.post(f"/billing/entries/{entry.id}/undo", data={"reason": "银行来电"})
    (red,) = [row for row in december_desk.rows(Invoice) if row.corrects_id]
    path = f"/billing/invoices/{red.id}"
    assert red.request_no in finance.get("/billing/work").text
    assert "须确认红冲" in finance.get(f"/billing/accounts/{application_id(1)}").text
    assert "确认红冲" in finance.get(path).text
    assert finance.post(f"{path}/drop-red", data={"reason": ""}).status_code == 422
    assert finance.post(f"{path}/confirm-red", data={"reason": "09"}).status_code == 422
    assert finance.post(f"{path}/confirm-red", data={"reason": "03"}).headers["location"] == path
    assert finance.post(f"{path}/drop-red", data={"reason": "已补缴"}).status_code == 409
    december_desk.run_jobs()
    shown = finance.get(path).text
    assert ("服务中止" in shown, str(december_desk.one(Invoice, red.id).number) in shown) == (True, True)


def test_a_dropped_red_letter_stores_the_reason(december_desk, finance):
    december_desk.handle(december_desk.admitted(1))
    december_desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    december_desk.run_jobs()
    december_desk.act(actions.undo_decision, december_desk.entries()[0].id, reason="银行来电")
    (red,) = [row for row in december_desk.rows(Invoice) if row.corrects_id]
    assert finance.post(f"/billing/invoices/{red.id}/drop-red", data={"reason": "明日补缴"}).status_code == 303
    assert "明日补缴" in finance.get(f"/billing/invoices/{red.id}").text
    assert december_desk.one(Invoice, red.id).state == InvoiceState.DROPPED


@pytest.mark.parametrize("verb", ["statement", "buyer", "resubmit", "confirm-red", "drop-red"])
def test_only_finance_acts_on_invoices(december_desk, checker: TestClient, waiting, verb):
    form = BUYER | {"note": "x", "reason": "03"}
    assert checker.post(f"{waiting}/{verb}", data=form).status_code == 403
    assert as_staff(december_desk, "audit.zheng", "auditor").post(f"{waiting}/{verb}", data=form).status_code == 403


@pytest.mark.parametrize("verb", ["statement", "buyer", "resubmit", "confirm-red", "drop-red"])
def test_an_invoice_that_does_not_exist_is_not_found(finance, verb):
    form = BUYER | {"note": "x", "reason": "03"}
    assert finance.post(f"/billing/invoices/{application_id(99)}/{verb}", data=form).status_code == 404
