"""The dashboard: refusals, escaping, a CSP without inline code, dates and files."""

import re

import pytest
from jinja2 import DictLoader, Environment
from starlette.testclient import TestClient
from starlette_admin.i18n import set_locale

from shared.dashboard.history import typed_moment
from shared.dashboard.replies import file_reply
from shared.dashboard.templating import StrictLoader, day, make_strict, moment, percent
from shared.foundation.errors import Invalid
from tests.shared.dashboard.sample_paths import CSRF, LIST
from tests.shared.sample_service import Installation, Parcel


def test_a_form_receives_a_problem_with_the_invalid_field(clerk: TestClient) -> None:
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
def test_a_refusal_page_has_the_message_and_the_layout(clerk: TestClient, path: str, status: int, words: str) -> None:
    answer = clerk.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert "返回工作台" in answer.text


def test_a_failure_page_has_the_correlation_id_and_no_details(installation: Installation) -> None:
    answer = TestClient(installation.app, cookies=installation.cookies("intake"), raise_server_exceptions=False).get(
        "/intake/broken"
    )
    assert answer.status_code == 500
    assert re.search(r"编号 <code>[0-9a-f]{32}</code>", answer.text)
    assert "nobody thought of" not in answer.text


def test_two_dialogs_of_a_page_may_have_fields_of_the_same_name(clerk: TestClient) -> None:
    text = clerk.get("/intake/parcels/2").text
    ids = re.findall(r'\sid="([^"]+)"', text)
    assert len(set(ids)) == len(ids)
    assert re.findall(r'\sfor="(field-[^"]+)"', text) == ["field-note", "field-note-2"]
    assert [each for each in ids if each.startswith("field-")] == ["field-note", "field-note-2"]


def test_data_is_escaped(installation: Installation, clerk: TestClient) -> None:
    with installation.process.database.transaction() as uow:
        parcel = uow.session.get_one(Parcel, 2)
        parcel.title = "<img src=x onerror=alert(1)> 100%(x)s"
        uow.session.add(parcel)
    for path in ("/intake/parcels/2", f"{LIST}?q=onerror"):
        text = clerk.get(path).text
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


def test_no_template_has_an_inline_handler_or_a_script_without_a_nonce(installation: Installation) -> None:
    environment: Environment = installation.app.state.dashboard.templates.env
    assert isinstance(environment.loader, StrictLoader)
    names = [name for name in environment.loader.list_templates() if name.endswith(".html")]
    assert len(names) > 60
    for name in names:
        source, _, _ = environment.loader.get_source(environment, name)
        assert not re.search(r"<[^>]*\son[a-z]+\s*=", source), name
        assert not re.search(r"<script(?![^>]*nonce=)", source), name


def test_the_nonce_is_added_to_the_source_and_not_to_rendered_values() -> None:
    assert make_strict("<script src='a.js'>") == "<script nonce=\"{{ request.state.csp_nonce }}\" src='a.js'>"
    loader = StrictLoader(DictLoader({"page": "{{ value }}"}))
    rendered = Environment(loader=loader, autoescape=True).get_template("page").render(value="<script>")
    assert rendered == "&lt;script&gt;"


def test_times_and_percentages_are_formatted_for_readers_in_china() -> None:
    set_locale("zh")
    at = typed_moment("2021-12-06T00:30", field="starts_at")
    assert at.isoformat() == "2021-12-05T16:30:00+00:00"
    assert (moment(at), day(at), day(None)) == ("2021-12-06 00:30", "2021年12月6日 周一", "—")
    set_locale("en")
    assert day(at) == "Mon 6 Dec 2021"
    assert (percent(1, 3), percent(1, 2), percent(1, 0)) == ("33.3%", "50%", "0%")


def test_an_invalid_time_input_is_refused_with_its_field() -> None:
    with pytest.raises(Invalid) as refused:
        typed_moment("morgen", field="starts_at")
    assert [error.field for error in refused.value.field_errors] == ["/starts_at"]


def test_only_images_and_pdf_are_displayed_inline() -> None:
    inline = file_reply(b"%PDF", name="报名表.pdf", media_type="application/pdf", inline=True)
    assert inline.headers["content-disposition"].startswith("inline; ")
    attached = file_reply(b"<script>", name="a.html", media_type="text/html", inline=True)
    assert attached.headers["content-disposition"].startswith("attachment; ")
