"""Takes the README's screenshots from a running demo: `python -m tests.screenshots http://127.0.0.1:8000 var/demo`."""

import json
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import launched
from tests.servers import packages

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
# Screenshot, account, path.
SCREENSHOTS = (
    ("portal-home", "audit01", "/"),
    ("intake", "intake01", "/intake/"),
    ("intake-programme", "intake01", "/intake/programmes"),
    ("review", "review01", "/review/"),
    ("review-ranking", "chair", "/review/ranking"),
    ("scheduling", "schedule01", "/scheduling/"),
    ("scheduling-plan", "schedule01", "/scheduling/plan"),
    ("billing", "finance01", "/billing/"),
    ("billing-statements", "finance01", "/billing/statements"),
)


def main(address: str, data: Path) -> None:
    """Sign in as each person and save the page, and save one applicant's timeline."""
    passwords = json.loads((data / "passwords.json").read_text())
    FOLDER.mkdir(parents=True, exist_ok=True)
    with launched(packages.chromium()) as browser:
        for name, account, path in SCREENSHOTS:
            with browser.new_context(locale="zh-CN", viewport={"width": 1360, "height": 860}) as context:
                page = context.new_page()
                _sign_in(page, address, account, passwords[account])
                page.goto(address + path)
                _save(page, name)
        with browser.new_context(locale="zh-CN", viewport={"width": 1360, "height": 860}) as context:
            page = context.new_page()
            _sign_in(page, address, "audit01", passwords["audit01"])
            page.goto(f"{address}/tables/applicants/list")
            page.locator("table a[href^='/applicants/']").first.click()
            _save(page, "portal-timeline")


def _sign_in(page: Page, address: str, account: str, password: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("input[name=account]", account)
    page.fill("input[name=password]", password)
    page.click("button[type=submit]")
    page.wait_for_url(f"{address}/")


def _save(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=FOLDER / f"{name}.png")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
