"""Every text and list that a request may contain has a bound, on every route of every service."""

import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from annotated_types import MaxLen
from fastapi.dependencies.models import Dependant
from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from services.intake.schemas import DraftIn, DraftPatch
from shared.foundation.bodies import MOST_UNKNOWN_FIELDS, Body
from tests.limits.apps import dependants, make_apps, routes_of

COLLECTIONS = (list, tuple, set, frozenset, dict)
# A draft is sealed as a whole, unread, and no larger than a body (tests/intake/test_drafts.py).
UNREAD = {DraftIn, DraftPatch}


def unbounded(annotation: Any, metadata: list[Any], place: str) -> Iterator[str]:
    """Yield the places in a type where a text or a list has no bound."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from unbounded(parts[0], [*metadata, *parts[1:]], place)
    elif origin in (Union, types.UnionType):
        for part in parts:
            yield from unbounded(part, metadata, place)
    elif origin in COLLECTIONS or annotation in COLLECTIONS:
        is_fixed = origin is tuple and ... not in parts
        if not is_fixed and not has_bound(metadata):
            yield place
        for part in parts:
            yield from unbounded(part, [], f"{place}[]")
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in UNREAD:
        if not issubclass(annotation, Body):
            yield f"{place}: {annotation.__name__} is no Body"
        for name, field in annotation.model_fields.items():
            yield from unbounded(field.annotation, field.metadata, f"{place}.{name}")
    elif annotation in (str, bytes, Any) and not has_bound(metadata):
        yield place


def has_bound(metadata: list[Any]) -> bool:
    return any(
        isinstance(one, MaxLen)
        or (isinstance(one, StringConstraints) and one.max_length is not None)
        or (isinstance(one, FieldInfo) and has_bound(one.metadata))
        for one in metadata
    )


def unbounded_in(dependant: Dependant) -> Iterator[str]:
    """Yield the unbounded fields of bodies, forms and queries. Path and cookies are part of the head, which
    shared/runtime bounds."""
    for one in dependants(dependant):
        for parameter in (*one.body_params, *one.query_params, *one.header_params):
            yield from unbounded(parameter.field_info.annotation, parameter.field_info.metadata, parameter.name)


def test_every_text_and_list_of_every_route_has_a_bound(tmp_path: Path) -> None:
    found = {
        f"{sorted(route.methods or ())} {route.path}": list(unbounded_in(route.dependant))
        for app in make_apps(tmp_path)
        for route in routes_of(app)
    }
    assert len(found) > 150
    assert {route: places for route, places in found.items() if places} == {}


class Item(Body):
    text: Annotated[str, StringConstraints(max_length=5)]
    number: int


class Parcel(Body):
    items: Annotated[tuple[Item, ...], Field(max_length=3)]


class Loose(BaseModel):
    text: str
    names: list[Annotated[str, Field(max_length=5)]]
    either: Annotated[str, Field(max_length=5)] | None
    kind: Literal["a", "b"]
    three: tuple[int, int, int]
    free: dict[str, typing.Any]


def test_a_field_without_a_bound_is_found() -> None:
    places = ["body: Loose is no Body", "body.text", "body.names", "body.free", "body.free[]", "body.free[]"]
    assert list(unbounded(Loose, [], "body")) == places
    assert list(unbounded(Parcel, [], "body")) == []
    assert list(unbounded(list[str], [MaxLen(3)], "form")) == ["form[]"]


@pytest.mark.parametrize("items", [[{"text": "a", "number": 1}] * 4, [{"text": "a", "number": 1}] * 100_000])
def test_a_list_that_is_too_long_is_refused_as_a_whole(items: list[Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        Parcel.model_validate({"items": items})
    assert [(one["type"], one["loc"]) for one in refused.value.errors()] == [("too_long", ("items",))]


def test_no_more_items_are_read_than_the_bound_and_one() -> None:
    with pytest.raises(ValidationError) as refused:
        Parcel.model_validate({"items": [{}] * 100_000})
    assert refused.value.error_count() == 2 * 4


def test_no_more_unknown_fields_are_read_than_a_refusal_names() -> None:
    with pytest.raises(ValidationError) as refused:
        Parcel.model_validate({str(number): 0 for number in range(100_000)} | {"items": []})
    assert refused.value.error_count() == MOST_UNKNOWN_FIELDS
    assert TypeAdapter(Parcel).validate_python({"items": []}) == Parcel(items=())
