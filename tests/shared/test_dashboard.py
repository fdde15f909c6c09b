"""The frame of the dashboards: lists, exports, actions, refusals, and a policy without inline code."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from openpyxl import load_workbook
from playwright.sync_api import BrowserContext, Page, expect
from starlette.testclient import TestClient

from shared.dashboard import filters
from shared.dashboard.exports import harmless
from shared.dashboard.history import typed_moment
from shared.dashboard.notices import COOKIE
from shared.dashboard.replies import file_reply
from shared.dashboard.templating import StrictLoader, day, fitting, moment, percent
from shared.errors import Invalid
from shared.signin import csrf_token
from tests.shared.sample_service import House, Parcel
from tests.signing import serving

# Long enough for a machine that is busy with other tests.
expect.set_options(timeout=30_000)
ROOT = Path(__file__).parent.parent.parent
LIST = "/intake/tables/parcels/list"
ACTION = "/intake/tables/_api/parcels/action"
CSRF = {"X-CSRF-Token": csrf_token("s" * 32)}


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.fill(30)
    return house


@pytest.fixture
def clerk(house: House) -> TestClient:
    return TestClient(house.app, cookies=house.cookies("intake"), follow_redirects=False)


@pytest.fixture
def url(house: House) -> Iterator[str]:
    """Asked for before the browser, so that it ends after the browser."""
    with serving(house.app) as url:
        yield url


def keys(answer: Any) -> list[str]:
    return re.findall(r'<tr data-sa-pk="(\d+)"', answer.text)


def filtered(clerk: TestClient, rule: str) -> list[str]:
    answer = clerk.get(LIST, params={"filter": rule, "page_size": "50"})
    assert answer.status_code == 200
    return keys(answer)


def test_a_list_shows_what_people_read_and_never_a_sealed_value(clerk: TestClient) -> None:
    text = clerk.get(LIST).text
    for shown in ("750,000.00", "待核验", "500103********3000", "2021-11-23 00:28", "显示第 1 到 25 条，共 30 条"):
        assert shown in text
    assert "secret" not in text


def test_a_list_is_searched_by_text_and_by_the_title_of_a_badge(clerk: TestClient) -> None:
    assert keys(clerk.get(LIST, params={"q": "包裹17"})) == ["17"]
    assert keys(clerk.get(LIST, params={"q": "遗失"})) == [str(number) for number in range(30, 0, -3)]
    assert keys(clerk.get(LIST, params={"q": "%"})) == []


def test_a_list_is_filtered_by_badge_yuan_and_local_day(clerk: TestClient) -> None:
    assert filtered(clerk, "state__eq=lost") == [str(number) for number in range(30, 0, -3)]
    assert filtered(clerk, 'due_fen__gte="725,000"') == ["30", "29"]
    assert filtered(clerk, 'title__contains="a,b"') == []
    assert filtered(clerk, "arrived_at__on=2021-11-22") == ["1"]
    assert len(filtered(clerk, "arrived_at__from=2021-11-23")) == 29
    assert filtered(clerk, "paid__is_true")[0] == "30"


@pytest.mark.parametrize(
    "rule", ["due_fen__gte=viel", "arrived_at__on=gestern", "title__like=x", "identity__eq=x", "x"]
)
def test_a_filter_that_cannot_be_read_is_refused_with_words(clerk: TestClient, rule: str) -> None:
    answer = clerk.get(LIST, params={"filter": rule})
    assert answer.status_code == 400
    assert "筛选条件无法识别" in answer.text


def test_a_row_leads_to_the_services_own_page(clerk: TestClient) -> None:
    text = clerk.get(LIST).text
    assert 'data-sa-href="/intake/parcels/30"' in text
    assert '<a href="/intake/parcels/30">30</a>' in text


@pytest.mark.parametrize("path", ["create", "edit?pk=2", "import", "inline-edit?pk=2&field=title"])
@pytest.mark.parametrize("prefix", ["/intake/tables/parcels/", "/intake/tables/_api/parcels/"])
def test_nothing_can_be_created_edited_or_imported_through_a_list(clerk: TestClient, prefix: str, path: str) -> None:
    assert clerk.get(prefix + path).status_code == 404
    assert clerk.post(prefix + path, headers=CSRF).status_code == 404


def test_nothing_can_be_deleted_through_a_list(house: House, clerk: TestClient) -> None:
    for url in (ACTION, "/intake/tables/_api/parcels/row-action"):
        answer = clerk.post(url, params={"name": "delete", "pks": "2", "pk": "2"}, headers=CSRF)
        assert answer.status_code >= 400
    with house.process.database.reader() as session:
        assert session.get(Parcel, 2) is not None


def test_the_lists_session_cannot_write(house: House) -> None:
    with house.process.database.reader() as session, pytest.raises(Exception, match="readonly"):
        session.connection().exec_driver_sql("DELETE FROM parcel")


def test_a_list_is_closed_to_other_roles_and_open_to_auditors(house: House) -> None:
    assert TestClient(house.app, cookies=house.cookies("finance")).get(LIST).status_code == 403
    assert TestClient(house.app, cookies=house.cookies("auditor")).get(LIST).status_code == 200
    stranger = TestClient(house.app, follow_redirects=False).get(LIST)
    assert stranger.headers["location"] == f"/sign-in?next={LIST}"


def exported(clerk: TestClient, kind: str) -> bytes:
    query = {"name": "export", "_list_query": "?sort=id__asc"}
    answer = clerk.post(ACTION, params=query, data={"format": kind, "scope": "page"}, headers=CSRF)
    assert answer.status_code == 200
    return answer.content


def test_a_csv_export_opens_as_chinese_text_and_starts_no_formula(clerk: TestClient) -> None:
    rows = list(csv.reader(io.StringIO(exported(clerk, "csv").decode("utf-8-sig"))))
    assert rows[0] == ["编号", "名称", "状态", "应缴（元）", "件数", "已缴费", "证件号", "到达时间"]
    assert rows[1] == ["1", "'=包裹1", "待核验", "25000", "1", "否", "500103********3001", "2021-11-22 23:59"]


def test_an_xlsx_export_keeps_numbers_as_numbers_and_texts_as_texts(clerk: TestClient) -> None:
    sheet = load_workbook(io.BytesIO(exported(clerk, "xlsx"))).active
    assert [cell.value for cell in sheet[2]][:4] == [1, "'=包裹1", "待核验", 25000]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n"}


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_would_start_a_formula_is_neutralised(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"


def test_a_control_character_does_not_break_a_workbook_and_a_number_stays_one() -> None:
    assert (harmless("a\x00b"), harmless(-5)) == ("ab", -5)


def act(clerk: TestClient, *pks: int, note: str = "") -> Any:
    query: list[tuple[str, str]] = [("name", "pass"), *(("pks", str(pk)) for pk in pks)]
    return clerk.post(ACTION, params=query, data={"note": note}, headers=CSRF)


def test_an_action_on_ticked_rows_does_what_can_be_done_and_tells_the_rest(house: House, clerk: TestClient) -> None:
    assert act(clerk, 1, 2, 3).json() == {"redirect": f"http://testserver{LIST}"}
    with house.process.database.reader() as session:
        assert [session.get_one(Parcel, number).state for number in (1, 2, 3)] == ["passed", "passed", "lost"]
    told = clerk.get(LIST).text
    assert "“通过核验”已完成 2 条。" in told
    assert "另有 1 条未办理。包裹“包裹3”不在待核验状态。" in told
    assert "已完成 2 条" not in clerk.get(LIST).text


def test_an_action_that_nothing_allows_says_why(clerk: TestClient) -> None:
    answer = act(clerk, 3, 99)
    assert answer.status_code == 400
    assert answer.json() == {"msg": "包裹“包裹3”不在待核验状态。没有这件包裹。"}


def test_an_action_is_refused_to_an_auditor(house: House) -> None:
    auditor = TestClient(house.app, cookies=house.cookies("auditor"))
    assert act(auditor, 1).status_code == 400
    assert "通过核验" not in auditor.get(LIST).text


def test_a_notice_that_this_session_did_not_write_is_not_said(house: House, clerk: TestClient) -> None:
    act(clerk, 1)
    other = TestClient(house.app, cookies={**house.cookies("intake", sid="x" * 32), COOKIE: clerk.cookies[COOKIE]})
    assert "已完成" not in other.get(LIST).text
    assert "已完成" in clerk.get(LIST).text


def test_a_form_gets_its_refusal_as_a_problem_with_the_field_at_fault(clerk: TestClient) -> None:
    headers = {**CSRF, "accept": "application/json", "x-lingjun-form": "1"}
    answer = clerk.post("/intake/parcels/2/pass", data={"note": "坏"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["faults"] == [{"field": "/note", "code": "note", "message": "备注不能只写“坏”"}]
    assert clerk.post("/intake/parcels/2/pass", headers=headers).json() == {"to": "/intake/parcels/2"}


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/intake/parcels/99", 404, "没有这件包裹。"),
        ("/intake/nowhere", 404, "没有这个页面或接口。"),
        ("/intake/parcels/abc", 422, "提交的内容不合要求"),
        ("/intake/tables/parcels/detail?pk=abc", 404, "没有这条记录或这个页面。"),
        ("/intake/tables/nothing/list", 404, "没有这条记录或这个页面。"),
    ],
)
def test_a_person_is_told_what_is_wrong_in_the_layout(clerk: TestClient, path: str, status: int, words: str) -> None:
    answer = clerk.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert "返回工作台" in answer.text


def test_a_failure_tells_its_number_and_nothing_of_its_inside(house: House) -> None:
    answer = TestClient(house.app, cookies=house.cookies("intake"), raise_server_exceptions=False).get("/intake/broken")
    assert answer.status_code == 500
    assert re.search(r"编号 <code>[0-9a-f]{32}</code>", answer.text)
    assert "nobody thought of" not in answer.text


def test_data_are_text_and_never_markup(house: House, clerk: TestClient) -> None:
    with house.process.database.transaction() as session:
        parcel = session.get_one(Parcel, 2)
        parcel.title = "<img src=x onerror=alert(1)> 100%(x)s"
        session.add(parcel)
    for path in ("/intake/parcels/2", f"{LIST}?q=onerror"):
        text = clerk.get(path).text
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_no_template_has_an_inline_handler_or_a_script_without_a_nonce(house: House) -> None:
    environment: Environment = house.app.state.dashboard.templates.env
    assert isinstance(environment.loader, StrictLoader)
    names = [name for name in environment.loader.list_templates() if name.endswith(".html")]
    assert len(names) > 60
    for name in names:
        source, _, _ = environment.loader.get_source(environment, name)
        assert not re.search(r"<[^>]*\son[a-z]+\s*=", source), name
        assert not re.search(r"<script(?![^>]*nonce=)", source), name


def test_the_nonce_goes_into_the_source_and_not_into_what_a_value_brings_along() -> None:
    assert fitting("<script src='a.js'>") == "<script nonce=\"{{ request.state.csp_nonce }}\" src='a.js'>"
    loader = StrictLoader(DictLoader({"page": "{{ value }}"}))
    rendered = Environment(loader=loader, autoescape=True).get_template("page").render(value="<script>")
    assert rendered == "&lt;script&gt;"


def test_every_chinese_word_of_the_frame_has_an_english_one(house: House) -> None:
    sources = [path.read_text() for path in (ROOT / "shared/templates").rglob("*.html")]
    said = {word for source in sources for word in re.findall(r"""\bt\(["']([^"']+)["']\)""", source)}
    english = (ROOT / "shared/translations/en/LC_MESSAGES/lingjun.po").read_text()
    assert [word for word in sorted(said) if f'msgid "{word}"' not in english] == []


def test_the_frame_speaks_english_to_whoever_asks_for_it(house: House) -> None:
    cookies = {**house.cookies("intake"), "lingjun_language": "en"}
    text = TestClient(house.app, cookies=cookies).get("/intake/").text
    assert "Sign out" in text
    assert "退出登录" not in text


def test_times_and_parts_are_written_as_people_in_china_read_them() -> None:
    at = typed_moment("2021-12-06T00:30", field="starts_at")
    assert at.isoformat() == "2021-12-05T16:30:00+00:00"
    assert (moment(at), day(at), day(None)) == ("2021-12-06 00:30", "2021年12月6日 周一", "—")
    assert (percent(1, 3), percent(1, 2), percent(1, 0)) == ("33.3%", "50%", "0%")


def test_a_typed_time_that_is_none_names_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        typed_moment("morgen", field="starts_at")
    assert [fault.field for fault in refused.value.faults] == ["/starts_at"]


def test_only_pictures_and_pdf_are_shown_in_place() -> None:
    shown = file_reply(b"%PDF", name="报名表.pdf", media_type="application/pdf", inline=True)
    assert shown.headers["content-disposition"] == "inline; filename*=UTF-8''%E6%8A%A5%E5%90%8D%E8%A1%A8.pdf"
    kept = file_reply(b"<script>", name="a.html", media_type="text/html", inline=True)
    assert kept.headers["content-disposition"] == "attachment; filename*=UTF-8''a.html"


def test_every_filter_has_a_name_of_its_own_per_column() -> None:
    for offered in (
        filters.TEXT,
        filters.BADGE,
        filters.NUMBER,
        filters.MONEY,
        filters.MOMENT,
        filters.DAY,
        filters.FLAG,
    ):
        assert len({kind.name for kind in offered}) == len(offered)


def signed_in(house: House, context: BrowserContext, url: str) -> Page:
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in house.cookies("intake").items()])
    return context.new_page()


def test_a_clerk_sees_the_pictures_acts_on_rows_and_filters_without_breaking_the_policy(
    house: House, url: str, browser_context: BrowserContext
) -> None:
    page = signed_in(house, browser_context, url)
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


def test_a_refused_form_stays_open_with_its_message_and_what_was_typed(
    house: House, url: str, browser_context: BrowserContext, browser_problems: list[str]
) -> None:
    page = signed_in(house, browser_context, url)
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


def test_an_export_is_downloaded_from_the_list(house: House, url: str, browser_context: BrowserContext) -> None:
    page = signed_in(house, browser_context, url)
    page.goto(url + LIST)
    page.get_by_text("导出").first.click()
    page.get_by_label("格式").select_option("xlsx")
    with page.expect_download() as download:
        page.locator("#modal-action").get_by_role("button", name="导出").click()
    assert download.value.suggested_filename == "parcels.xlsx"
