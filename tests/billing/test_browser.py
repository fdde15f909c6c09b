"""Billing in a browser: finance imports a statement and decides open entries; a second person approves a refund."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from services.billing import actions
from services.billing.models import Invoice
from services.billing.states import EntryState, RefundState
from services.billing.web import make_app
from shared.events.review import ApplicantNotSelected, RefundOrdered
from shared.foundation.clock import TravellingClock
from tests.billing.desk import CHECKER, CODE, FINANCE, Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code
from tests.signing import serving, session_cookies

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
IN_DECEMBER = datetime(2021, 12, 6, 2, tzinfo=UTC)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: other tests cover the effects on rows on both databases."""
    return f"sqlite:///{tmp_path / 'test.db'}"


def sign_in(desk: Desk, context: BrowserContext, address: str, account: str, *roles: str) -> Page:
    cookies = session_cookies(desk.process, *roles, account=account, name=account)
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    return context.new_page()


def open_dialog(page: Page, name: str) -> Locator:
    """Open the dialog of a button, once the page's script is loaded."""
    button = page.get_by_role("button", name=name).first
    button.wait_for()
    page.wait_for_load_state()
    button.click()
    return page.locator(".modal.show")


@pytest.fixture
def december(desk: Desk) -> Desk:
    assert isinstance(desk.process.clock, TravellingClock)
    desk.process.clock.set(IN_DECEMBER)
    desk.now = IN_DECEMBER
    return desk


def test_finance_imports_a_statement_and_decides_open_entries(december, browser_context, tmp_path, browser_problems):
    december.handle(december.admitted(1), december.admitted(2))
    content, name = statement_of(
        Line(DAY, ALPHA, FEE, code(1)),
        Line(DAY, "孙二喜", FEE, "培训费"),
        Line(DAY, "重庆某协会", 660_000, "课件制作费"),
    )
    file = tmp_path / name
    file.write_bytes(content)
    with serving(make_app(december.process)) as address:
        page = sign_in(december, browser_context, address, FINANCE, "finance")
        page.goto(f"{address}/billing/statements")
        page.get_by_label("网银导出的原始文件").set_input_files(file)
        page.get_by_role("button", name="读取并预览").click()
        expect(page.get_by_text("预览：尚未入账。")).to_be_visible()
        assert december.entries() == []
        open_dialog(page, "确认导入").get_by_role("button", name="确认导入").click()
        expect(page.get_by_text("已导入。")).to_be_visible()
        page.get_by_role("link", name="待办流水").first.click()
        page.get_by_role("button", name="确认", exact=True).click()
        expect(page.get_by_text("已确认 1 笔。")).to_be_visible()
        page.get_by_role("link", name="处理").click()
        open_dialog(page, "不予处理").get_by_label("原因").fill("课件制作收入")
        page.locator(".modal.show").get_by_role("button", name="不予处理").click()
        expect(page.get_by_text("已记为不予处理。")).to_be_visible()
        page.get_by_role("link", name="缴费概况").click()
        assert page.locator(".lj-stat-value").nth(1).inner_text() == "50,000.00"
        expect(page.get_by_text("期初加收入减支出等于期末")).to_be_visible()
        page.wait_for_load_state("networkidle")
    assert {entry.state for entry in december.entries()} == {EntryState.BOOKED}


def test_a_second_person_approves_a_refund_and_the_first_cannot(december, browser_context):
    december.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    december.handle(
        ApplicantNotSelected(application_id=application_id(1), programme=CODE, rank=60),
        RefundOrdered(application_id=application_id(1), programme=CODE, reason="未入选"),
    )
    with serving(make_app(december.process)) as address:
        finance = sign_in(december, browser_context, address, FINANCE, "finance")
        finance.goto(f"{address}/billing/refunds")
        expect(finance.get_by_text("TK-2021-000001")).to_be_visible()
        assert finance.get_by_role("button", name="批准所选").count() == 0
        checker = sign_in(december, browser_context, address, CHECKER, "finance_checker")
        checker.goto(f"{address}/billing/refunds")
        checker.get_by_label("选择").check()
        checker.get_by_role("button", name="批准所选").click()
        expect(checker.get_by_text("已批准 1 张退款单。")).to_be_visible()
        open_dialog(checker, "导出付款清单").get_by_label("查看事由").fill("按批准名单付款")
        with checker.expect_download() as download:
            checker.locator(".modal.show").get_by_role("button", name="导出付款清单").click()
        assert download.value.suggested_filename == "退款清单 2021-12-06.xlsx"
    assert [refund.state for refund in december.refunds()] == [RefundState.APPROVED]


def test_finance_records_a_payer_statement_and_confirms_a_red_letter(december, browser_context, browser_problems):
    december.handle(december.admitted(1))
    december.import_statement(*statement_of(Line(DAY, "钱一鸣", FEE, code(1))))
    december.run_jobs()
    with serving(make_app(december.process)) as address:
        page = sign_in(december, browser_context, address, FINANCE, "finance")
        page.goto(f"{address}/billing/work")
        page.get_by_role("link", name="KP-2021-000001").click()
        open_dialog(page, "登记代付说明").get_by_label("内容与存放位置").fill("学员代付，原件存凭证12号")
        page.locator(".modal.show").get_by_role("button", name="登记代付说明").click()
        expect(page.get_by_text("已登记代付说明。")).to_be_visible()
        december.run_jobs()
        december.act(actions.undo_decision, december.entries()[0].id, reason="银行来电")
        page.goto(f"{address}/billing/work")
        page.get_by_role("link", name="KP-2021-000001-H1").click()
        open_dialog(page, "确认红冲").get_by_label("红冲原因").select_option("03")
        page.locator(".modal.show").get_by_role("button", name="确认红冲").click()
        expect(page.get_by_text("已提交红冲。")).to_be_visible()
        page.wait_for_load_state("networkidle")
    assert [row.red_reason for row in december.rows(Invoice)] == ["", "03"]
