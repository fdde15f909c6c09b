"""docs/asyncapi.yaml is current, valid AsyncAPI 3.1, complete, and consistent with the broker and the envelope."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import yaml
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from shared.events import CONTRACTS
from shared.events.envelope import Envelope, read_envelope, read_event
from shared.messaging import topology
from shared.wiring.registry import SERVICES
from tools.asyncapi import EXCHANGE, document
from tools.event_docs import ASYNCAPI, asyncapi, schemas

WRITTEN: dict[str, Any] = yaml.safe_load(ASYNCAPI.read_text())


def references(part: Any) -> list[str]:
    if isinstance(part, list):
        return [found for one in part for found in references(one)]
    if not isinstance(part, dict):
        return []
    here = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
    return here + [found for one in part.values() for found in references(one)]


def resolved(reference: str) -> Any:
    target: Any = WRITTEN
    for step in reference.removeprefix("#/").split("/"):
        target = target[step]
    return target


def without_references(schema: Any) -> Any:
    """Return a schema with names of reference targets instead of paths, and without definitions."""
    if isinstance(schema, list):
        return [without_references(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: one.rpartition("/")[2] if key == "$ref" else without_references(one)
        for key, one in schema.items()
        if key != "$defs"
    }


def test_the_document_is_current():
    assert ASYNCAPI.read_text() == asyncapi()


def test_the_document_is_valid_asyncapi_and_every_reference_resolves():
    read = ApplicationSchema.model_validate(WRITTEN)
    assert (read.asyncapi, len(read.channels)) == ("3.1.0", len(CONTRACTS))
    assert all(isinstance(resolved(reference), dict) for reference in references(WRITTEN))
    assert json.loads(json.dumps(document())) == WRITTEN


def test_every_event_has_a_channel_a_message_and_the_schema_of_its_contract():
    for name, schema in schemas().items():
        channel = WRITTEN["channels"][name]
        message = resolved(channel["messages"][name]["$ref"])
        assert (channel["address"], message["name"], message["contentType"]) == (name, name, "application/json")
        assert without_references(resolved(message["payload"]["$ref"])) == without_references(schema)


def test_every_message_has_a_whole_example_that_its_consumers_take():
    for name, contract in CONTRACTS.items():
        (example,) = WRITTEN["components"]["messages"][name]["examples"]
        envelope = read_envelope(example["headers"], json.dumps(example["payload"]).encode())
        assert (envelope.type, type(read_event(envelope))) == (name, contract)
        assert example["payload"].keys() == contract.model_fields.keys()


def test_clients_sign_in_to_the_broker():
    for server in WRITTEN["servers"].values():
        assert [resolved(one["$ref"])["type"] for one in server["security"]] == ["userPassword"]


def test_every_event_is_sent_by_its_publisher_and_received_by_its_subscribers():
    documented = {
        (name.split(".")[0], one["action"], one["channel"]["$ref"].removeprefix("#/channels/"))
        for name, one in WRITTEN["operations"].items()
    }
    published = {(name.split(".")[0], "send", name) for name in CONTRACTS}
    consumed = {(service, "receive", event.TYPE) for service, spec in SERVICES.items() for event in spec.subscriptions}
    assert documented == published | consumed
    assert len(WRITTEN["operations"]) == len(documented)


def test_the_messages_of_an_operation_are_those_of_its_channel():
    for operation in WRITTEN["operations"].values():
        channel = operation["channel"]["$ref"]
        assert all(one["$ref"].startswith(f"{channel}/messages/") for one in operation["messages"])


def test_the_exchange_and_the_headers_match_the_code():
    assert EXCHANGE == topology.EXCHANGE
    envelope = Envelope(
        id=uuid4(),
        type="a",
        source="b",
        subject="c",
        sequence=1,
        time=datetime.now(UTC),
        correlation_id="d",
        body=b"",
        traceparent="e",
    )
    assert list(WRITTEN["components"]["schemas"]["CloudEventsHeaders"]["properties"]) == list(envelope.headers)
