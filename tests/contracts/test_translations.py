"""Every text for users has an English translation, and no template or refusal hides a text from the catalogues."""

from pathlib import Path
from string import Formatter

import pytest

from shared.wiring.registry import SERVICES
from tests import translatable
from tests.refusing import refusal_texts, untranslatable_in_module
from tests.translatable import CHINESE, refusing_modules, texts_of

CATALOGUES = ("shared", *SERVICES)


@pytest.mark.parametrize("service", CATALOGUES)
def test_every_text_for_users_has_an_english_translation(service: str) -> None:
    english = translatable.catalogue_of("shared") | translatable.catalogue_of(service)
    assert sorted(text for text in texts_of(service) if not english.get(text)) == []


@pytest.mark.parametrize("service", CATALOGUES)
def test_no_template_contains_untranslatable_text(service: str) -> None:
    found = {
        path.name: list(translatable.untranslatable_in_template(path)) for path in translatable.templates_of(service)
    }
    assert {name: texts for name, texts in found.items() if texts} == {}


@pytest.mark.parametrize("service", CATALOGUES)
def test_no_refusal_joins_values_into_its_text(service: str) -> None:
    found = {str(path): list(untranslatable_in_module(path)) for path in refusing_modules(service)}
    assert {name: texts for name, texts in found.items() if texts} == {}


def test_a_translation_has_the_placeholders_of_its_source() -> None:
    def names(text: str) -> list[str]:
        return sorted(name for _, name, _, _ in Formatter().parse(text) if name)

    for service in CATALOGUES:
        for source, english in translatable.catalogue_of(service).items():
            assert names(english) == names(source), source


def test_no_two_catalogues_translate_a_text_differently() -> None:
    seen: dict[str, str] = {}
    for service in CATALOGUES:
        for source, english in translatable.catalogue_of(service).items():
            assert seen.setdefault(source, english) == english, source


def test_the_catalogues_contain_no_unused_text() -> None:
    used = {text for service in CATALOGUES for text in texts_of(service)}
    translated = {source for service in CATALOGUES for source in translatable.catalogue_of(service)}
    assert sorted(text for text in translated - used if CHINESE.search(text)) == []


def test_an_unmarked_string_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('概况{{ t("名额") }}{{ "共 %s 人" % count }}{{ "合计 " ~ total }}')
    assert set(translatable.untranslatable_in_template(page)) == {"概况", "合计 ", "共 %s 人"}
    assert set(translatable.template_texts(page)) == {"名额", "共 %s 人", "合计 "}


def test_a_refusal_with_a_joined_text_is_found(tmp_path: Path) -> None:
    module = tmp_path / "rules.py"
    module.write_text(
        'text = f"只有 {count} 位"\n'
        'raise Conflict(f"{name}不在名单上。", code="unknown")\n'
        'FieldError("/judges", "few", text)\n'
        'Invalid("有误:" + told)\n'
        'Invalid("{title}太长", values={"title": Message("名称")})\n'
    )
    assert set(untranslatable_in_module(module)) == {"f'{name}不在名单上。'", "f'只有 {count} 位'", "'有误:' + told"}
    assert set(refusal_texts(module)) == {"{title}太长", "名称"}
