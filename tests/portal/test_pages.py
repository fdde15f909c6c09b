"""The portal in a real browser: login, lock-out, home page, accounts, an applicant's timeline."""

import re
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page, expect

from services.portal import actions
from tests.portal.conftest import NOW, PASSWORD, Portal
from tests.portal.test_timeline import handle, hour, interview, submitted, verified

# Long enough for a machine that runs other tests at the same time.
expect.set_options(timeout=30_000)


def sign_in(page: Page, url: str, account: str, password: str = PASSWORD) -> None:
    """Fill in and submit the login form."""
    page.goto(f"{url}/")
    expect(page).to_have_title("登录 · 工作台")
    page.get_by_label("账号").fill(account)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()


def test_the_first_administrator_uses_the_consoles_link(
    portal: Portal, url: str, browser_context: BrowserContext
) -> None:
    with portal.process.database.transaction() as uow:
        link = actions.first_account_link(uow, actor="console", now=NOW)
    page = browser_context.new_page()
    page.goto(f"{url}{link}")
    page.get_by_label("账号").fill("zhao")
    page.get_by_label("姓名").fill("赵管理")
    page.get_by_label("密码", exact=False).first.fill(PASSWORD)
    page.get_by_label("再输入一次").fill(PASSWORD)
    page.get_by_role("button", name="建立账号").click()
    page.wait_for_url(f"{url}/sign-in")
    sign_in(page, url, "zhao")
    expect(page.get_by_role("heading", name="赵管理，您好")).to_be_visible()


def test_a_wrong_password_is_reported_and_the_sixth_attempt_is_locked_out(
    portal: Portal, url: str, browser_context: BrowserContext, browser_problems: list[str]
) -> None:
    portal.account("qian", "judge")
    page = browser_context.new_page()
    sign_in(page, url, "qian", "Wrong-Password-1")
    alert = page.get_by_role("alert")
    for _ in range(4):
        expect(alert).to_have_text("账号或密码不正确。")
        with page.expect_response(f"{url}/sign-in"):
            page.get_by_role("button", name="登录").click()
    expect(page.get_by_label("账号")).to_have_value("qian")
    expect(page.get_by_role("button", name="登录")).to_be_enabled()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(alert).to_contain_text("已暂停登录")
    assert [re.search(r"status of (\d+)", problem)[1] for problem in browser_problems] == ["403"] * 6  # type: ignore[index]
    browser_problems.clear()


def test_an_administrator_creates_an_account_and_its_owner_sees_the_links(
    portal: Portal, url: str, browser_context: BrowserContext
) -> None:
    portal.account("zhao", "administrator", name="赵管理")
    page = browser_context.new_page()
    sign_in(page, url, "zhao")
    page.get_by_role("link", name="账号", exact=True).click()
    page.get_by_role("link", name="新建账号").click()
    page.get_by_label("账号").fill("sun")
    page.get_by_label("姓名").fill("孙评委")
    page.get_by_label("面试评委").check()
    page.get_by_label("材料审核").check()
    page.get_by_role("button", name="建立账号").click()
    link = re.search(r"/welcome/\S+", page.get_by_text("请把一次性链接交给本人").inner_text())
    assert link
    page.wait_for_load_state()
    page.get_by_text("赵管理").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(f"{url}/sign-in")
    page.goto(f"{url}{link[0]}")
    page.get_by_label("密码", exact=False).first.fill(PASSWORD)
    page.get_by_label("再输入一次").fill(PASSWORD)
    page.get_by_role("button", name="设置密码").click()
    page.wait_for_url(f"{url}/sign-in")
    sign_in(page, url, "sun")
    app_links = page.get_by_role("navigation", name="业务").get_by_role("link")
    expect(app_links).to_have_count(2)
    expect(app_links.nth(0)).to_contain_text("评审录取")
    expect(page.get_by_role("link", name="账号", exact=True)).to_have_count(0)


def test_a_clerk_finds_an_applicant_and_reads_the_timeline(
    portal: Portal, url: str, browser_context: BrowserContext
) -> None:
    portal.account("qian", "intake")
    handle(portal, submitted(), at=hour(0))
    handle(portal, verified(), at=hour(1))
    handle(portal, interview(), at=hour(2))
    page = browser_context.new_page()
    sign_in(page, url, "qian")
    expect(page.get_by_role("link", name="杨致远").first).to_be_visible()
    page.get_by_label("姓名、企业或报名编号").fill("琮渟")
    page.get_by_role("button", name="查找").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="BM2021-0001").click()
    expect(page.locator(".lj-events strong")).to_have_text(["面试已安排", "审核通过", "提交报名"])
    expect(page.get_by_role("link", name="报名人员")).to_have_attribute("aria-current", "page")


def test_a_form_survives_an_expired_session(
    portal: Portal, url: str, browser_context: BrowserContext, browser_problems: list[str]
) -> None:
    portal.account("zhao", "administrator")
    portal.account("qian", "judge")
    page = browser_context.new_page()
    sign_in(page, url, "zhao")
    expect(page.get_by_role("heading", name="您好")).to_be_visible()
    page.goto(f"{url}/accounts/qian")
    renewal_cookies = [cookie for cookie in browser_context.cookies() if cookie["name"] == "lingjun_renewal"]
    browser_context.clear_cookies(name="lingjun_session")
    assert len(renewal_cookies) == 1
    page.get_by_role("button", name="停用账号").click()
    page.locator(".modal.show").get_by_role("button", name="停用账号").click()
    expect(page.get_by_text("账号已停用。")).to_be_visible()
    assert len(browser_problems) == 1
    assert "401" in browser_problems[0]
    browser_problems.clear()


def test_the_type_of_a_problem_leads_to_its_place_on_a_page(
    portal: Portal, url: str, browser_context: BrowserContext
) -> None:
    found = portal.client().get("/api/nothing").json()
    address = urlsplit(found["type"])
    page = browser_context.new_page()
    page.goto(f"{url}{address.path}#{address.fragment}")
    expect(page.locator(f"#{found['code']}")).to_be_in_viewport()
    expect(page.locator(f"#{found['code']} + p")).to_have_text("没有这个页面或接口。")
