"""Contracts only grow: what was published once can always be read, and the documents tell the truth."""

import json

import pytest

from shared.events import CONTRACTS
from shared.events.subscriptions import SUBSCRIPTIONS
from tools.event_docs import PAGE, breaks, kept, main, page, schemas


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


def test_writing_refuses_to_forget_a_contract_that_was_broken(monkeypatch):
    name = next(iter(CONTRACTS))
    before = kept()
    without = {kind: dict(schema) for kind, schema in schemas().items()}
    without[name]["properties"] = {}
    monkeypatch.setattr("tools.event_docs.schemas", lambda: without)
    with pytest.raises(SystemExit, match=f"{name}.* is gone"):
        main()
    assert kept() == before


def test_the_events_page_is_fresh():
    assert PAGE.read_text() == page()


def test_every_event_is_published_by_the_service_of_its_name_and_heard_by_the_portal():
    assert set(SUBSCRIPTIONS["portal"]) == set(CONTRACTS.values())
    for heard in SUBSCRIPTIONS.values():
        assert set(heard) <= set(CONTRACTS.values())
