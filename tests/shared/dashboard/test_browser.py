"""The dashboard in a real browser: charts, lists, refused forms, and no violation of the CSP."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.shared.awkward_names import AWKWARD
from tests.shared.dashboard.sample_paths import LIST
from tests.shared.sample_service import Installation

# Long enough for a machine that runs other tests.
expect.set_options(timeout=30_000)


def signed_in(installation: Installation, context: BrowserContext, url: str) -> Page:
    context.add_cookies(
        [{"name": name, "value": value, "url": url} for name, value in installation.cookies("intake").items()]
    )
    return context.new_page()


def test_charts_row_actions_and_column_choice_work_without_csp_violations(
    installation: Installation, url: str, browser_context: BrowserContext
) -> None:
    page = signed_in(installation, browser_context, url)
    page.goto(f"{url}/intake/")
    expect(page.get_by_role("img", name="待核验 8，已通过 110，已退回 12")).to_be_visible()
    page.get_by_role("link", name="包裹", exact=True).click()
    page.wait_for_url(f"{url}{LIST}")
    page.locator("tr[data-sa-pk='29'] input").check()
    page.get_by_role("button", name="对选中项").click()
    page.locator("#actions-dropdown").get_by_text("通过核验").click()
    page.locator("#modal-action").get_by_role("button", name="通过核验").click()
    expect(page.get_by_text("“通过核验”已完成 1 条。")).to_be_visible()
    page.wait_for_load_state()
    columns = page.locator("#column-visibility-dropdown")
    columns.get_by_role("button", name="列").click()
    columns.get_by_label("件数").uncheck()
    page.get_by_role("button", name="应用", exact=True).click()
    expect(page.get_by_role("columnheader", name="件数")).to_have_count(0)
    page.wait_for_load_state()
    page.get_by_label("每页显示").select_option(label="50")
    expect(page.locator("tbody tr")).to_have_count(30)


def test_a_refused_form_stays_open_with_its_message_and_input(
    installation: Installation, url: str, browser_context: BrowserContext, browser_problems: list[str]
) -> None:
    page = signed_in(installation, browser_context, url)
    page.goto(f"{url}/intake/parcels/2")
    page.get_by_role("button", name="通过核验").click()
    form = page.locator(".modal.show form")
    form.get_by_label("备注").fill("坏")
    form.get_by_role("button", name="通过核验").click()
    expect(form.get_by_role("alert")).to_have_text("备注不合要求。")
    expect(form.get_by_text("备注不能只写“坏”")).to_be_visible()
    expect(form.get_by_label("备注")).to_have_value("坏")
    assert len(browser_problems) == 1
    assert "422" in browser_problems[0]
    browser_problems.clear()
    form.get_by_label("备注").fill("齐全")
    form.get_by_role("button", name="通过核验").click()
    expect(page.get_by_text("已通过核验。")).to_be_visible()


def test_an_export_is_downloaded_from_the_list(
    installation: Installation, url: str, browser_context: BrowserContext
) -> None:
    page = signed_in(installation, browser_context, url)
    page.goto(url + LIST)
    page.get_by_text("导出").first.click()
    page.get_by_label("格式").select_option("xlsx")
    page.locator("#modal-action [name=filename]").fill("录取名单 😀")
    with page.expect_download() as download:
        page.locator("#modal-action").get_by_role("button", name="导出").click()
    assert download.value.suggested_filename == "录取名单 😀.xlsx"


def test_files_with_awkward_names_arrive_with_their_names(
    installation: Installation, url: str, browser_context: BrowserContext
) -> None:
    page = signed_in(installation, browser_context, url)
    page.goto(f"{url}/intake/")
    for number, saved in enumerate(AWKWARD.values()):
        with page.expect_download() as download:
            page.evaluate(f"location.href = '/intake/files/{number}'")
        assert download.value.suggested_filename == saved
