"""Every text of every form and JSON body passes the gate for typed text, on every route of every service."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel, BeforeValidator, TypeAdapter
from pydantic.fields import FieldInfo

from shared.foundation.errors import Invalid
from shared.foundation.text import Identifier, Line
from shared.http.fields import FormRemark, WholeForm
from tests.limits.apps import dependants, make_apps, routes_of

# Compared as they were typed.
SECRETS = {"password", "old", "new", "again"}


def ungated(annotation: Any, metadata: list[Any], place: str) -> Iterator[str]:
    """Yield the places in a type where a text does not pass the gate."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from ungated(parts[0], [*metadata, *parts[1:]], place)
    elif origin in (Union, types.UnionType, list, tuple, set, frozenset):
        for part in parts:
            yield from ungated(part, metadata if origin in (Union, types.UnionType) else [], place)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield from ungated(field.annotation, field.metadata, f"{place}.{name}")
    elif annotation is str and not has_gate(metadata):
        yield place


def has_gate(metadata: list[Any]) -> bool:
    return any(
        isinstance(one, BeforeValidator) or (isinstance(one, FieldInfo) and has_gate(one.metadata)) for one in metadata
    )


def test_every_text_of_every_body_passes_the_gate(tmp_path: Path) -> None:
    found = {
        f"{route.path} {place}"
        for app in make_apps(tmp_path)
        for route in routes_of(app)
        for one in dependants(route.dependant)
        for parameter in one.body_params
        for place in ungated(parameter.field_info.annotation, parameter.field_info.metadata, parameter.name)
    }
    assert {place for place in found if place.rpartition(" ")[2] not in SECRETS} == set()
    assert {place.rpartition(" ")[2] for place in found} == SECRETS


class Loose(BaseModel):
    gated: Line
    either: Identifier | None
    names: list[Line]
    loose: str
    texts: tuple[str, ...]


def test_a_text_without_the_gate_is_found() -> None:
    assert list(ungated(Loose, [], "body")) == ["body.loose", "body.texts"]


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()

    @app.post("/remark")
    def remark(text: FormRemark) -> str:
        return text

    @app.post("/whole")
    def whole(request: Request, form: WholeForm) -> list[tuple[str, str]]:
        return [(name, str(value)) for name, value in form.multi_items()]

    return app


def test_forms_are_cleaned_field_by_field_and_as_a_whole(app: FastAPI) -> None:
    client, typed = TestClient(app), {"text": "\u200b一\r\n二\ue863 "}
    assert client.post("/remark", data=typed).json() == "一\n二\u4dae"
    assert client.post("/whole", data=typed | {"more": ["a\u3000b", "c"]}).json() == [
        ["text", "一\n二\u4dae"],
        ["more", "a b"],
        ["more", "c"],
    ]


def test_a_refused_character_of_a_whole_form_is_named_with_its_field(app: FastAPI) -> None:
    with pytest.raises(Invalid) as refused:
        TestClient(app).post("/whole", data={"reason-1": "王\u202e伟"})
    assert [(error.field, error.code) for error in refused.value.field_errors] == [("/reason-1", "character")]
    assert "第 2 个字符(U+202E RIGHT-TO-LEFT OVERRIDE)" in str(refused.value)


def test_a_value_that_is_no_text_is_left_to_pydantic() -> None:
    assert TypeAdapter(Line | int).validate_python(5) == 5
