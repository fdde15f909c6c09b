"""Billing's pages and work lists over HTTP: contents, forms, refusals."""

import io
from datetime import UTC, date, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from services.billing.models import BankEntry, Document, Invoice, Refund, Statement
from services.billing.states import EntryState, StatementState
from services.billing.web import make_app
from services.demo.transfers import account_of
from shared.events.review import ApplicantNotSelected, RefundOrdered
from shared.persistence.models import AuditRow
from tests.billing.conftest import as_staff
from tests.billing.desk import CODE, Desk, application_id
from tests.billing.money import LAST_DAY, Line, statement_of
from tests.billing.snapshots import ALPHA, BETA, FEE, code
from tests.printed import words

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
WHY = {"reason": "与银行核对"}


def upload(client: TestClient, *lines: Line, **period) -> str:
    """Upload a statement and return the path of its preview."""
    content, name = statement_of(*lines, **period)
    answer = client.post("/billing/statements", files={"file": (name, content, "text/csv")})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def import_statement(client: TestClient, *lines: Line, **period) -> None:
    answer = client.post(upload(client, *lines, **period) + "/import", data={"confirmed": "true"})
    assert answer.status_code == 303, answer.text


def open_entry(client: TestClient) -> dict[str, object]:
    (entry,) = client.get("/billing/api/entries").json()
    return entry


def test_a_statement_is_previewed_then_imported(december_desk, finance):
    path = upload(finance, Line(DAY, ALPHA, FEE, code(1)), Line(DAY, "钱一鸣", 100, "培训费"))
    shown = finance.get(path).text
    assert "预览：尚未入账" in shown
    assert "自动匹配" in shown
    assert december_desk.rows(BankEntry) == []
    answer = finance.post(f"{path}/import")
    assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert [row.state for row in december_desk.rows(Statement)] == [StatementState.IMPORTED]
    shown = finance.get(path).text
    assert "钱一鸣" in shown
    assert "没有这样的流水" in finance.get(f"{path}?outcome=REFUND_OUT").text
    assert finance.post(f"{path}/file").status_code == 422
    original = finance.post(f"{path}/file", data=WHY)
    assert original.content == statement_of(Line(DAY, ALPHA, FEE, code(1)), Line(DAY, "钱一鸣", 100, "培训费"))[0]
    (taken,) = [row for row in december_desk.rows(AuditRow) if row.action == "read_statement_file"]
    assert taken.details == WHY


def test_a_gap_needs_confirmation_and_a_preview_can_be_discarded(december_desk, finance):
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)))
    gap = {"first_day": date(2021, 12, 8), "last_day": date(2021, 12, 9), "opening_fen": FEE}
    path = upload(finance, Line(DAY + timedelta(days=13), BETA, 100, "往来"), **gap)
    assert "缺少 2021-12-06 至 2021-12-07 的对账单" in finance.get(path).text
    refused = finance.post(f"{path}/import")
    assert (refused.status_code, "缺少 2021-12-06" in refused.text) == (409, True)
    assert finance.post(f"{path}/discard").headers["location"] == "/billing/statements"
    assert "已放弃" in finance.get("/billing/statements").text


def test_an_unreadable_file_is_refused_with_a_message(finance):
    answer = finance.post("/billing/statements", files={"file": ("x.csv", b"a,b\n1,2\n", "text/csv")})
    assert (answer.status_code, "没有找到认识的表头" in answer.text) == (422, True)
    content, _ = statement_of(Line(DAY, ALPHA, FEE, code(1)))
    file = {"file": ("明细.csv", content, "text/csv")}
    assert finance.post("/billing/statements", files=file, data={"first_day": "gestern"}).status_code == 422
    period = {"first_day": "2021-11-22", "last_day": "2021-12-05"}
    assert finance.post("/billing/statements", files=file, data=period).status_code == 303


def test_several_suggestions_are_confirmed_at_once(december_desk, finance):
    import_statement(finance, Line(DAY, "孙二喜", FEE, "培训费"), Line(DAY, "李三槐", FEE, "培训费"))
    assert "确认所选建议" in finance.get("/billing/work").text
    assert finance.get("/billing/work?ticked=true").text.count("checked") == 2
    ids = [entry["id"] for entry in finance.get("/billing/api/entries").json()]
    answer = finance.post("/billing/entries/confirm", data={"entry_id": ids})
    assert (answer.status_code, answer.headers["location"]) == (303, "/billing/work")
    assert {entry.state for entry in december_desk.entries()} == {EntryState.BOOKED}
    assert finance.post("/billing/entries/confirm", data={}).status_code == 422
    assert finance.post("/billing/entries/confirm", data={"entry_id": ids}).status_code == 409


def test_an_entry_is_assigned_by_number_or_reference_and_undone(december_desk, finance):
    import_statement(finance, Line(DAY, "重庆某乙商贸有限公司", 6_000_000, "代付"))
    entry = open_entry(finance)
    path = f"/billing/entries/{entry['id']}"
    assert "人工分配" in finance.get(path).text
    pairs = {"application": ["LJ2022-0002", code(3), ""], "amount": ["25,000.00", "25000", ""], "note": "电话核实"}
    assert finance.post(f"{path}/assign", data=pairs).headers["location"] == path
    assert december_desk.stats()["applied_fen"] == 2 * FEE
    assert "撤销处理" in finance.get(path).text
    assert finance.post(f"{path}/undo", data={"reason": "分配有误"}).status_code == 303
    assert finance.post(f"{path}/assign", data={"application": "LJ2022-9999", "amount": "1"}).status_code == 404
    assert finance.post(f"{path}/assign", data={"application": "LJ2022-0002", "amount": "viel"}).status_code == 422
    assert finance.post(f"{path}/keep", data={"application": code(2), "note": "待核实"}).status_code == 303
    assert december_desk.stats()["unapplied_fen"] == 6_000_000
    assert [row["id"] for row in finance.get("/billing/api/unapplied").json()] == [entry["id"]]


def test_an_unrelated_entry_is_ignored_with_a_reason(december_desk, finance):
    import_statement(finance, Line(DAY, "重庆某协会", 660_000, "课件制作费"))
    path = f"/billing/entries/{open_entry(finance)['id']}"
    assert finance.post(f"{path}/ignore").status_code == 422
    assert finance.post(f"{path}/ignore", data={"reason": "课件制作收入"}).status_code == 303
    assert december_desk.stats()["ignored_fen"] == 660_000
    assert "课件制作收入" in finance.get(path).text


def test_a_person_pairs_and_rematches(december_desk, finance):
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)), Line(DAY + timedelta(days=1), "", -FEE, "内部调账"))
    paid, taken = december_desk.entries()
    path = f"/billing/entries/{taken.id}"
    assert "对应原流水" in finance.get(path).text
    assert finance.post(f"{path}/pair", data={"original_id": "x"}).status_code == 422
    assert finance.post(f"{path}/pair", data={"original_id": str(paid.id), "note": "回单"}).status_code == 303
    assert december_desk.stats()["reversals_fen"] == FEE
    assert finance.post("/billing/entries/rematch").headers["location"] == "/billing/work"


def not_selected(desk: Desk) -> None:
    desk.handle(
        ApplicantNotSelected(application_id=application_id(1), programme=CODE, rank=60),
        RefundOrdered(application_id=application_id(1), programme=CODE, reason="未入选"),
    )


def test_a_refund_needs_two_people_and_an_export_for_the_bank(december_desk, finance, checker):
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)))
    not_selected(december_desk)
    (refund,) = finance.get("/billing/api/refunds?state=proposed").json()
    assert (refund["reference"], refund["payee_name"], refund["amount_fen"]) == (code(1), ALPHA, FEE)
    assert [finance.post("/billing/refunds/export", data=data).status_code for data in ({}, WHY)] == [422, 409]
    assert finance.post("/billing/refunds/approve", data={"refund_id": refund["id"]}).status_code == 403
    assert checker.post("/billing/refunds/approve", data={"refund_id": [refund["id"]]}).status_code == 303
    assert "已批准" in checker.get(f"/billing/refunds/{refund['id']}").text
    answer = finance.post("/billing/refunds/export", data=WHY)
    rows = [list(row) for row in load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)]
    assert rows[1][1:6] == ["TK-2021-000001", ALPHA, account_of(ALPHA, 1), 25000, f"退费{code(1)}"]
    (taken,) = [row for row in december_desk.rows(AuditRow) if row.action == "export_approved_refunds"]
    assert taken.details == {"refunds": ["TK-2021-000001"]} | WHY
    paid = Line(datetime(2021, 12, 20, 2, tzinfo=UTC), ALPHA, -FEE, "往来款")
    import_statement(
        finance, paid, first_day=LAST_DAY + timedelta(days=1), last_day=date(2021, 12, 29), opening_fen=FEE
    )
    path = f"/billing/entries/{open_entry(finance)['id']}"
    assert "认定为退费" in finance.get(path).text
    assert finance.post(f"{path}/settle", data={"refund_id": refund["id"], "note": "回单"}).status_code == 303
    assert [row.state for row in december_desk.rows(Refund)] == ["sent"]
    assert "已退出" in finance.get("/billing/refunds").text


def test_a_refund_is_proposed_and_declined_by_form(december_desk, finance, checker):
    import_statement(finance, Line(DAY, ALPHA, 4_000_000, code(1)))
    entry = open_entry(finance)
    finance.post("/billing/entries/confirm", data={"entry_id": entry["id"]})
    answer = finance.post(f"/billing/entries/{entry['id']}/refund", data={"reason": "多缴"})
    path = answer.headers["location"]
    assert "15,000.00" in checker.get(path).text
    assert checker.post(f"{path}/decline", data={"reason": ""}).status_code == 422
    assert checker.post(f"{path}/decline", data={"reason": "企业同意转为下期"}).headers["location"] == path
    assert "企业同意转为下期" in finance.get("/billing/refunds").text


def test_accounts_and_invoices_are_shown(december_desk, finance):
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)))
    december_desk.handle(december_desk.admitted(1))
    december_desk.run_jobs()
    account = finance.get(f"/billing/accounts/{application_id(1)}").text
    for shown in ("25,000.00", "SK-2021-000001", "KP-2021-000001", "中央财政补贴", "o***@example.cn"):
        assert shown in account
    (invoice,) = december_desk.rows(Invoice)
    assert str(invoice.number) in finance.get(f"/billing/invoices/{invoice.id}").text
    assert finance.post(f"/billing/invoices/{invoice.id}/resubmit").status_code == 409
    for path in ("/billing/tables/accounts/list", "/billing/tables/entries/list", "/billing/tables/invoices/list"):
        assert finance.get(path).status_code == 200
    assert finance.get("/billing/accounts").headers["location"] == "/billing/tables/accounts/list"
    assert finance.get("/billing/invoices").headers["location"] == "/billing/tables/invoices/list"


def test_opening_a_document_needs_a_reason_and_is_audited(december_desk, finance, checker):
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)))
    december_desk.handle(december_desk.admitted(1))
    december_desk.run_jobs()
    for document in december_desk.rows(Document):
        path = f"/billing/documents/{document.id}"
        assert (finance.get(path).status_code, finance.post(path, data={"reason": "看"}).status_code) == (405, 422)
        answer = checker.post(path, data=WHY)
        assert (answer.headers["content-type"], answer.content[:5]) == ("application/pdf", b"%PDF-")
    looks = [row for row in december_desk.rows(AuditRow) if row.action == "look_at_document"]
    assert [row.details["document"] for row in looks] == [document.number for document in december_desk.rows(Document)]
    assert {(row.actor, row.subject, row.details["reason"]) for row in looks} == {
        ("checker.wu", str(application_id(1)), WHY["reason"])
    }
    assert "查看文件" in finance.get(f"/billing/accounts/{application_id(1)}").text


def test_the_front_page_and_the_reconciliation_agree_with_the_stats(december_desk, finance):
    assert "还没有导入对账单" in finance.get("/billing/").text
    assert finance.get("/billing/reconciliation.pdf").status_code == 409
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)), Line(DAY, "重庆某协会", 660_000, "课件制作费"))
    december_desk.handle(december_desk.admitted(1))
    front = finance.get("/billing/").text
    for shown in ("25,000.00", "6,600.00", "期初加收入减支出等于期末"):
        assert shown in front
    printed = words(finance.get("/billing/reconciliation.pdf").content)
    for shown in ("调节相符", "重庆某协会", "31,600.00"):
        assert shown in printed


def test_programs_and_auditors_read_work_lists_but_auditors_cannot_act(december_desk, finance):
    import_statement(finance, Line(DAY, ALPHA, FEE, code(1)))
    accounts = finance.get("/billing/api/accounts").json()
    assert [(row["application_no"], row["paid_fen"]) for row in accounts] == [
        ("LJ2022-0001", FEE),
        ("LJ2022-0002", 0),
        ("LJ2022-0003", 0),
    ]
    assert finance.get("/billing/api/accounts?standing=due").json() == []
    assert finance.get("/billing/api/entries?state=booked&outcome=AUTO").json()[0]["decision"] == "allocated"
    assert [row["state"] for row in finance.get("/billing/api/statements").json()] == ["imported"]
    assert finance.get("/billing/api/invoices?state=issued").json() == []
    auditor = as_staff(december_desk, "audit.zheng", "auditor")
    assert auditor.get("/billing/").status_code == 200
    assert auditor.get("/billing/api/figures").json()["domain"]["applied_fen"] == FEE
    refused = auditor.post("/billing/entries/rematch", headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (403, "role")


@pytest.mark.parametrize("path", ["/billing/", "/billing/api/accounts", "/billing/tables/entries/list"])
def test_other_roles_are_refused(december_desk, path):
    assert as_staff(december_desk, "review.li", "reviewer").get(path).status_code == 403
    assert TestClient(make_app(december_desk.process), follow_redirects=False).get(path).status_code in (303, 401)


@pytest.mark.parametrize("resource", ["accounts", "statements", "entries", "refunds", "invoices"])
def test_an_unknown_id_is_not_found(finance, resource):
    assert finance.get(f"/billing/{resource}/{application_id(99)}").status_code == 404
    assert finance.post(f"/billing/documents/{application_id(99)}", data=WHY).status_code == 404
