"""Lists: display, search, filters, exports and actions."""

import csv
import io
import re
from typing import Any
from urllib.parse import quote

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from shared.adapters.workbook import escape_formula
from shared.dashboard import filters
from shared.dashboard.exports import csv_cell
from shared.dashboard.notices import COOKIE
from tests.shared.dashboard.sample_paths import ACTION, CSRF, LIST
from tests.shared.sample_service import Installation, Parcel


def keys(answer: Any) -> list[str]:
    return re.findall(r'<tr data-sa-pk="(\d+)"', answer.text)


def filtered(clerk: TestClient, rule: str) -> list[str]:
    answer = clerk.get(LIST, params={"filter": rule, "page_size": "50"})
    assert answer.status_code == 200
    return keys(answer)


def test_a_list_displays_formatted_values_and_never_a_sealed_value(clerk: TestClient) -> None:
    text = clerk.get(LIST).text
    for shown in ("750,000.00", "待核验", "5****************0", "2021-11-23 00:28", "显示第 1 到 25 条，共 30 条"):
        assert shown in text
    assert "secret" not in text


def test_a_search_finds_texts_and_titles_of_badges(clerk: TestClient) -> None:
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
def test_an_invalid_filter_is_refused_with_a_message(clerk: TestClient, rule: str) -> None:
    answer = clerk.get(LIST, params={"filter": rule})
    assert answer.status_code == 400
    assert "筛选条件无法识别" in answer.text


def test_a_row_links_to_the_page_of_the_service(clerk: TestClient) -> None:
    text = clerk.get(LIST).text
    assert 'data-sa-href="/intake/parcels/30"' in text
    assert '<a href="/intake/parcels/30">30</a>' in text


@pytest.mark.parametrize("path", ["create", "edit?pk=2", "import", "inline-edit?pk=2&field=title"])
@pytest.mark.parametrize("prefix", ["/intake/tables/parcels/", "/intake/tables/_api/parcels/"])
def test_nothing_can_be_created_edited_or_imported_through_a_list(clerk: TestClient, prefix: str, path: str) -> None:
    assert clerk.get(prefix + path).status_code == 404
    assert clerk.post(prefix + path, headers=CSRF).status_code == 404


def test_nothing_can_be_deleted_through_a_list(installation: Installation, clerk: TestClient) -> None:
    for url in (ACTION, "/intake/tables/_api/parcels/row-action"):
        answer = clerk.post(url, params={"name": "delete", "pks": "2", "pk": "2"}, headers=CSRF)
        assert answer.status_code >= 400
    with installation.process.database.reader() as session:
        assert session.get(Parcel, 2) is not None


def test_the_session_of_lists_cannot_write(installation: Installation) -> None:
    with installation.process.database.reader() as session, pytest.raises(Exception, match="readonly"):
        session.connection().exec_driver_sql("DELETE FROM parcel")


def test_a_list_is_forbidden_for_other_roles_and_open_to_auditors(installation: Installation) -> None:
    assert TestClient(installation.app, cookies=installation.cookies("finance")).get(LIST).status_code == 403
    assert TestClient(installation.app, cookies=installation.cookies("auditor")).get(LIST).status_code == 200
    stranger = TestClient(installation.app, follow_redirects=False).get(LIST)
    assert stranger.headers["location"] == f"/sign-in?next={LIST}"


def exported(clerk: TestClient, kind: str) -> bytes:
    query = {"name": "export", "_list_query": "?sort=id__asc"}
    answer = clerk.post(ACTION, params=query, data={"format": kind, "scope": "page"}, headers=CSRF)
    assert answer.status_code == 200
    return answer.content


def test_a_csv_export_has_a_byte_order_mark_and_no_formula(clerk: TestClient) -> None:
    rows = list(csv.reader(io.StringIO(exported(clerk, "csv").decode("utf-8-sig"))))
    assert rows[0] == ["编号", "名称", "状态", "应缴（元）", "件数", "已缴费", "证件号", "到达时间"]
    assert rows[1] == ["1", "'=包裹1", "待核验", "25000", "1", "否", "5****************1", "2021-11-22 23:59"]


def test_an_export_that_fails_leads_back_to_the_list_with_the_reason(clerk: TestClient) -> None:
    answer = clerk.post(ACTION, params={"name": "export"}, data={"format": "pdf"}, headers=CSRF, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"http://testserver{LIST}")
    assert "未知的导出格式 pdf" in clerk.get(LIST).text


def test_an_export_of_unknown_keys_has_no_rows(clerk: TestClient) -> None:
    query = {"name": "export", "pks": ["x", str(2**63), "", "7777"]}
    answer = clerk.post(ACTION, params=query, data={"format": "csv", "scope": "selected"}, headers=CSRF)
    assert (answer.status_code, answer.content.count(b"\r\n")) == (200, 1)


def test_a_request_without_an_actions_name_is_refused(clerk: TestClient) -> None:
    answer = clerk.post(ACTION, headers=CSRF)
    assert (answer.status_code, answer.json()) == (400, {"msg": "没有这个操作，请刷新页面后重试。"})


def test_an_xlsx_export_keeps_the_types_of_numbers_and_texts(clerk: TestClient) -> None:
    sheet = load_workbook(io.BytesIO(exported(clerk, "xlsx"))).active
    assert [cell.value for cell in sheet[2]][:4] == [1, "'=包裹1", "待核验", 25000]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s", "n", "d"}


def test_an_xlsx_export_has_times_of_china_amounts_and_columns_wide_enough(clerk: TestClient) -> None:
    sheet = load_workbook(io.BytesIO(exported(clerk, "xlsx"))).active
    amount, arrived = sheet["D2"], sheet["H2"]
    assert (amount.number_format, arrived.number_format) == ("#,##0.00", "yyyy-mm-dd hh:mm")
    assert f"{arrived.value:%Y-%m-%d %H:%M}" == "2021-11-22 23:59"
    widths = {column: sheet.column_dimensions[column].width for column in "ADGH"}
    assert widths == {"A": 6, "D": len("625,000.00") + 2, "G": len("5****************1") + 2, "H": 18}


def test_an_export_without_a_name_has_the_lists_title_and_the_day(clerk: TestClient) -> None:
    form = clerk.get(LIST).text
    answer = clerk.post(ACTION, params={"name": "export"}, data={"format": "csv"}, headers=CSRF)
    name = re.search(r"placeholder=.{,6}(包裹 [0-9-]{10})", form)
    assert name
    assert f"filename*=UTF-8''{quote(name[1])}.csv" in answer.headers["content-disposition"]


@pytest.mark.parametrize(
    "start",
    [
        "=",
        "+",
        "-",
        "@",
        "\t",
        "\r",
        "\n",
        "\uff1d",
        "\uff0b",
        "\uff0d",
        "\uff20",
        " =",
        "\u3000@",
        "\ufeff\u200b=",
        "\ufe62",
        "\ufe66",
        "\ufe63",
        "\ufe6b",
    ],
)
def test_a_cell_that_would_start_a_formula_gets_an_apostrophe(start: str) -> None:
    assert escape_formula(f"{start}1+1") == f"'{start}1+1"


def test_control_characters_are_removed_and_numbers_stay_numbers() -> None:
    assert (escape_formula("a\x00b"), escape_formula(-5)) == ("ab", -5)
    assert escape_formula("\x01=1+1") == "'=1+1"


@pytest.mark.parametrize("digits", ["500103197803123012", "50010319780312", "007", "5E17"])
def test_digits_that_a_spreadsheet_would_change_get_an_apostrophe_in_csv(digits: str) -> None:
    assert csv_cell(digits) == f"'{digits}"


@pytest.mark.parametrize("kept", ["2021-11-22 23:59", "13800001000", "50010319780312301X", "0", "", 25000, None])
def test_other_cells_of_csv_stay_as_they_are(kept: Any) -> None:
    assert csv_cell(kept) == kept
    assert csv_cell("=1+1") == "'=1+1"


def act(clerk: TestClient, *pks: int, note: str = "") -> Any:
    query: list[tuple[str, str]] = [("name", "pass"), *(("pks", str(pk)) for pk in pks)]
    return clerk.post(ACTION, params=query, data={"note": note}, headers=CSRF)


def test_an_action_on_selected_rows_reports_the_refused_ones(installation: Installation, clerk: TestClient) -> None:
    assert act(clerk, 1, 2, 3).json() == {"redirect": f"http://testserver{LIST}"}
    with installation.process.database.reader() as session:
        assert [session.get_one(Parcel, number).state for number in (1, 2, 3)] == ["passed", "passed", "lost"]
    text = clerk.get(LIST).text
    assert "“通过核验”已完成 2 条。" in text
    assert "另有 1 条未办理。包裹“包裹3”不在待核验状态。" in text
    assert "已完成 2 条" not in clerk.get(LIST).text


def test_an_action_that_is_refused_for_all_rows_returns_the_reasons(clerk: TestClient) -> None:
    answer = act(clerk, 3, 99)
    assert answer.status_code == 400
    assert answer.json() == {"msg": "包裹“包裹3”不在待核验状态。没有这件包裹。"}


def test_an_action_is_forbidden_for_an_auditor(installation: Installation) -> None:
    auditor = TestClient(installation.app, cookies=installation.cookies("auditor"))
    assert act(auditor, 1).status_code == 400
    assert "通过核验" not in auditor.get(LIST).text


def test_a_notice_of_another_session_is_not_displayed(installation: Installation, clerk: TestClient) -> None:
    act(clerk, 1)
    other = TestClient(
        installation.app, cookies={**installation.cookies("intake", sid="x" * 32), COOKIE: clerk.cookies[COOKIE]}
    )
    assert "已完成" not in other.get(LIST).text
    assert "已完成" in clerk.get(LIST).text


def test_filter_names_are_unique_per_column() -> None:
    for kinds in (
        filters.TEXT,
        filters.BADGE,
        filters.NUMBER,
        filters.MONEY,
        filters.MOMENT,
        filters.DAY,
        filters.FLAG,
    ):
        assert len({kind.name for kind in kinds}) == len(kinds)
