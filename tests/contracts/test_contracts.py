"""Contracts only grow: what was published once can always be read, and the documents tell the truth."""

import json
from typing import Any

from shared.events import CONTRACTS
from shared.events.document import PAGE, SNAPSHOTS, page, schemas
from shared.events.listeners import LISTENERS


def kept() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text()) for path in SNAPSHOTS.glob("*.json")}


def breaks(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Where a reader or writer of `old` would fail with `new`: a field gone, retyped, or newly required."""
    found = []
    for name, before in [("", old), *old.get("$defs", {}).items()]:
        after = new if not name else new.get("$defs", {}).get(name, {})
        for field, schema in before.get("properties", {}).items():
            if field not in after.get("properties", {}):
                found.append(f"{name}.{field} is gone")
            elif _shape(after["properties"][field]) != _shape(schema):
                found.append(f"{name}.{field} changed")
        newly = set(after.get("required", [])) - set(before.get("required", []))
        found += [f"{name}.{field} is newly required" for field in sorted(newly)]
    return found


def _shape(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in ("title", "description", "default")}


def test_no_contract_was_broken_or_left_without_a_snapshot():
    now, before = schemas(), kept()
    assert {name: breaks(before.get(name, {}), schema) for name, schema in now.items()} == {name: [] for name in now}
    assert sorted(before) == sorted(now)


def test_the_snapshots_are_fresh():
    assert kept() == json.loads(json.dumps(schemas()))


def test_the_check_sees_a_field_that_is_gone_retyped_or_newly_required():
    old = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}
    new = {"properties": {"a": {"type": "integer"}, "c": {"type": "string"}}, "required": ["a", "c"]}
    assert breaks(old, new) == [".a changed", ".b is gone", ".c is newly required"]


def test_the_events_page_is_fresh():
    assert PAGE.read_text() == page()


def test_every_event_is_published_by_the_service_of_its_name_and_heard_by_the_portal():
    assert set(LISTENERS["portal"]) == set(CONTRACTS.values())
    for heard in LISTENERS.values():
        assert set(heard) <= set(CONTRACTS.values())
