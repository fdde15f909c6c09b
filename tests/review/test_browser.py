"""Review in a real browser: overview, a case with its scans, a judge's sheets, the committee's work."""

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page

from services.review.models import ScoreSheet
from services.review.states import CaseState, SeatState
from services.review.web import make_app
from tests.review.sheets import ITEMS
from tests.review.stage import AFTER_PAY_BY, Review
from tests.review.submissions import case_id
from tests.signing import serving, session_cookies


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """Use SQLite only; other tests cover the actions on both databases."""
    return f"sqlite:///{tmp_path / 'test.db'}"


def sign_in(review: Review, context: BrowserContext, address: str, account: str, *roles: str) -> Page:
    cookies = session_cookies(review.process, *roles, account=account, name=account)
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    return context.new_page()


def test_a_reviewer_opens_a_waiting_case_and_passes_it(review, browser_context, browser_problems):
    review.arrive(0, 1)
    with serving(make_app(review.process)) as address:
        page = sign_in(review, browser_context, address, "review01", "reviewer")
        page.goto(f"{address}/review/")
        assert page.locator(".lj-stat-value").first.inner_text().startswith("2")
        page.get_by_role("link", name=review.case(1).application_no).click()
        pictures = page.locator("img[src*='/scans/']")
        assert pictures.count() >= 1
        assert pictures.first.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
        for radio in page.get_by_label("相符").all():
            radio.check()
        page.get_by_role("button", name="核对无误，初审通过").click()
        assert "未见公章" in page.locator('form[action$="/checks"] [data-lj="refusal"]:visible').inner_text()
        assert len(browser_problems) == 1
        assert "409" in browser_problems.pop()
        for box in page.get_by_label("有公章").all():
            box.check()
        page.get_by_role("button", name="核对无误，初审通过").click()
        page.get_by_text("已核对，初审通过。").wait_for()
        page.wait_for_load_state("networkidle")
    assert [review.case(number).state for number in (0, 1)] == [CaseState.OPEN, CaseState.PASSED]


def test_a_judge_locks_one_sheet_and_declares_a_recusal(review, browser_context):
    for number in (0, 1):
        review.arrive(number)
        review.verify(number)
        review.book(number)
    with serving(make_app(review.process)) as address:
        page = sign_in(review, browser_context, address, "judge01", "judge")
        page.goto(f"{address}/review/my-sheets")
        for item, most in ITEMS.items():
            page.locator(f'[name="points-{case_id(0)}-{item}"]').fill(str(most // 100 - 1))
        page.get_by_role("button", name="提交并锁定").click()
        page.get_by_text("已锁定 1 份评分表。").wait_for()
        page.wait_for_load_state()  # A dialog opens only after its script has loaded.
        page.get_by_role("button", name="回避").click()
        page.locator(".modal:visible [name=reason]").fill("曾在该企业任职")
        page.get_by_role("button", name="声明回避").click()
        page.get_by_text("已声明回避。").wait_for()
        page.wait_for_load_state("networkidle")
    assert [(sheet.case_id, sheet.total) for sheet in review.rows(ScoreSheet)] == [(case_id(0), 9500)]


def test_the_committee_confirms_a_lapse_and_a_promotion(review, browser_context):
    review.released(90, 85, 80, 75, 70)
    review.travel(AFTER_PAY_BY)
    review.overdue(0)
    with serving(make_app(review.process)) as address:
        page = sign_in(review, browser_context, address, "chair", "committee")
        page.goto(f"{address}/review/")
        page.get_by_role("link", name="录取待办").click()
        page.get_by_role("button", name="确认逾期，释放名额").click()
        page.get_by_text("已确认 1 个名额逾期释放。").wait_for()
        page.get_by_role("button", name="确认递补录取").click()
        page.get_by_text("已递补录取 1 人").wait_for()
        page.get_by_role("link", name="录取名额").click()
        page.get_by_text("逾期未缴").wait_for()
        page.wait_for_load_state("networkidle")
    assert (review.seats()[0], review.seats()[3]) == (SeatState.RELEASED, SeatState.HELD)


def test_the_full_id_number_is_requested_in_a_dialog(review, browser_context):
    review.arrive(0)
    with serving(make_app(review.process)) as address:
        page = sign_in(review, browser_context, address, "review01", "reviewer")
        page.goto(f"{address}/review/cases/{case_id(0)}")
        page.get_by_role("button", name="查看完整证件号码").click()
        page.locator(".modal:visible [name=reason]").fill("与公安机关核验")
        page.get_by_role("button", name="查看", exact=True).click()
        number = page.locator("[data-lj-number]").inner_text()
        page.wait_for_load_state("networkidle")
    assert (number[0], number[-1], len(number)) == (
        review.case(0).identity_mask[0],
        review.case(0).identity_mask[-1],
        18,
    )
