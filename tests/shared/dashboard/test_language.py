"""English as the second language: every string that people read has one, and a page that is asked for in English says it."""

import re
from pathlib import Path
from string import Formatter

import pytest
from starlette.testclient import TestClient

from tests import translatable
from tests.refusing import refused_in_module, unsayable_in_module
from tests.shared.dashboard.sample_paths import CSRF
from tests.shared.sample_service import Installation
from tests.translatable import CHINESE, SERVICES, refusing_modules, said_by

EVERYWHERE = ("shared", *SERVICES)


@pytest.mark.parametrize("service", EVERYWHERE)
def test_everything_that_people_read_has_english(service: str) -> None:
    english = translatable.catalogue_of("shared") | translatable.catalogue_of(service)
    assert sorted(text for text in said_by(service) if not english.get(text)) == []


@pytest.mark.parametrize("service", EVERYWHERE)
def test_no_template_says_what_can_never_be_english(service: str) -> None:
    found = {path.name: list(translatable.unsaid_in_template(path)) for path in translatable.templates_of(service)}
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("service", EVERYWHERE)
def test_no_refusal_joins_its_values_into_its_sentence(service: str) -> None:
    found = {str(path): list(unsayable_in_module(path)) for path in refusing_modules(service)}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_translation_takes_the_values_of_its_source() -> None:
    def names(text: str) -> list[str]:
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    for service in EVERYWHERE:
        for source, english in translatable.catalogue_of(service).items():
            assert names(english) == names(source), source


def test_no_two_catalogues_differ_about_a_text() -> None:
    seen: dict[str, str] = {}
    for service in EVERYWHERE:
        for source, english in translatable.catalogue_of(service).items():
            assert seen.setdefault(source, english) == english, source


def test_what_nobody_says_any_more_leaves_the_catalogues() -> None:
    spoken = {text for service in EVERYWHERE for text in said_by(service)}
    kept = {source for service in EVERYWHERE for source in translatable.catalogue_of(service)}
    assert sorted(text for text in kept - spoken if CHINESE.search(text)) == []


def test_a_string_that_is_not_marked_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('概况{{ t("名额") }}{{ "共 %s 人" % count }}{{ "合计 " ~ total }}')
    assert set(translatable.unsaid_in_template(page)) == {"概况", "合计 ", "共 %s 人"}
    assert set(translatable.said_in_template(page)) == {"名额", "共 %s 人", "合计 "}


def test_a_refusal_that_hides_its_sentence_is_found(tmp_path: Path) -> None:
    module = tmp_path / "rules.py"
    module.write_text(
        'text = f"只有 {count} 位"\n'
        'raise Conflict(f"{name}不在名单上。", code="unknown")\n'
        'FieldError("/judges", "few", text)\n'
        'Invalid("有误:" + told)\n'
        'Invalid("{title}太长", values={"title": Message("名称")})\n'
    )
    assert set(unsayable_in_module(module)) == {"f'{name}不在名单上。'", "f'只有 {count} 位'", "'有误:' + told"}
    assert set(refused_in_module(module)) == {"{title}太长", "名称"}


@pytest.fixture
def reader(installation: Installation) -> TestClient:
    return TestClient(installation.app, cookies={**installation.cookies("intake"), "lingjun_language": "en"})


def test_the_frame_speaks_english_to_whoever_asks_for_it(reader: TestClient) -> None:
    text = reader.get("/intake/").text
    assert "Sign out" in text
    assert "退出登录" not in text


def test_a_refusal_is_told_in_english_to_a_page_and_to_a_form(reader: TestClient) -> None:
    assert "There is no such page or interface." in reader.get("/intake/nowhere").text
    answer = reader.post("/intake/nowhere", headers={**CSRF, "accept": "application/json"})
    assert answer.json()["detail"] == "There is no such page or interface."


def test_a_list_has_its_headings_filters_and_exports_in_english(reader: TestClient) -> None:
    text = reader.get("/intake/tables/parcels/list").text
    heads = re.findall(r'data-column="(?:state|id)">\s*<a[^>]*>\s*(\S+)', text)
    assert heads == ["Number", "State"]
    assert r'"label": "contains"' in text
    query = {"name": "export", "_list_query": "?sort=id__asc"}
    sent = reader.post(
        "/intake/tables/_api/parcels/action", params=query, data={"format": "csv", "scope": "page"}, headers=CSRF
    )
    assert sent.content.decode("utf-8-sig").startswith("Number,")
