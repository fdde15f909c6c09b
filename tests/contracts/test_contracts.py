"""Contracts only grow: every published event stays readable, and the generated documents are current."""

import json

import pytest

from shared.events import CONTRACTS
from shared.wiring.registry import SERVICES
from tools.event_docs import PAGE, breaks, main, page, schemas, snapshots


def test_no_contract_is_broken_or_without_a_snapshot():
    now, before = schemas(), snapshots()
    assert {name: breaks(before.get(name, {}), schema) for name, schema in now.items()} == {name: [] for name in now}
    assert sorted(before) == sorted(now)


def test_the_snapshots_are_current():
    assert snapshots() == json.loads(json.dumps(schemas()))


def test_the_check_finds_a_field_that_is_gone_retyped_or_newly_required():
    old = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}
    new = {"properties": {"a": {"type": "integer"}, "c": {"type": "string"}}, "required": ["a", "c"]}
    assert breaks(old, new) == [".a changed", ".b is gone", ".c is newly required"]


def test_a_value_may_move_to_a_class_with_more_fields_but_not_with_fewer():
    old = {"properties": {"a": {"items": {"$ref": "#/$defs/Few"}}}, "$defs": {"Few": {"properties": {"x": {}}}}}
    new = {
        "properties": {"a": {"items": {"$ref": "#/$defs/More"}}},
        "$defs": {"More": {"properties": {"x": {}, "y": {}}}},
    }
    assert breaks(old, new) == []
    assert breaks(new, old) == [".a[].y is gone"]


def test_main_does_not_overwrite_the_snapshot_of_a_broken_contract(monkeypatch):
    name = next(iter(CONTRACTS))
    before = snapshots()
    without = {kind: dict(schema) for kind, schema in schemas().items()}
    without[name]["properties"] = {}
    monkeypatch.setattr("tools.event_docs.schemas", lambda: without)
    with pytest.raises(SystemExit, match=f"{name}.* is gone"):
        main()
    assert snapshots() == before


def test_the_events_page_is_current():
    assert PAGE.read_text() == page()


def test_subscriptions_contain_only_contracts_and_the_portal_consumes_all():
    assert set(SERVICES["portal"].subscriptions) == set(CONTRACTS.values())
    for spec in SERVICES.values():
        assert set(spec.subscriptions) <= set(CONTRACTS.values())
