"""Generate the AsyncAPI 3.1 document of the event contracts. tools/event_docs.py writes it to docs/asyncapi.yaml."""

from typing import Any

from pydantic.json_schema import models_json_schema

from shared.events import CONTRACTS, Event
from shared.events.envelope import PREFIX, publisher_of, source_of
from shared.wiring.registry import SERVICES
from tools.event_examples import example

EXCHANGE = "lingjun.events"
_BINDING = "0.3.0"
_HEADERS = "CloudEventsHeaders"
_ABOUT = (
    "The events between the services of Lingjun. Every event is published to a topic exchange of RabbitMQ, with its type "
    "as the routing key, as CloudEvents 1.0 in AMQP binary mode. docs/events.md describes how other clients consume and "
    "publish events."
)
_BROKER_USER = "A user of the virtual host `lingjun`. docs/containers.md lists what the user of each service may do."


def document() -> dict[str, Any]:
    """Return the whole document."""
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Lingjun events",
            "version": "1",
            "description": _ABOUT,
            "contact": {"name": "领军"},
            "license": {"name": "All rights reserved"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "house": {
                "host": "rabbitmq:5672",
                "pathname": "/lingjun",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "The broker of docker-compose.yml; it is not published to the outside.",
                "security": [{"$ref": "#/components/securitySchemes/brokerUser"}],
            }
        },
        "channels": {name: _channel(name) for name in CONTRACTS},
        "operations": {name: one for service in SERVICES for name, one in _operations(service).items()},
        "components": {
            "messages": {name: _message(contract) for name, contract in CONTRACTS.items()},
            "securitySchemes": {"brokerUser": {"type": "userPassword", "description": _BROKER_USER}},
            "schemas": {_HEADERS: _headers()} | _payloads(),
        },
    }


def _channel(name: str) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": "lingjun"}
    return {
        "address": name,
        "servers": [{"$ref": "#/servers/house"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDING}},
    }


def _operations(service: str) -> dict[str, Any]:
    published = [name for name in CONTRACTS if publisher_of(name) == service]
    consumed = [contract.TYPE for contract in SERVICES[service].subscriptions]
    receive = {"ack": True, "bindingVersion": _BINDING}
    send = receive | {"deliveryMode": 2, "mandatory": True}
    operations = {}
    for name in published:
        operations[f"{service}.says.{name}"] = _operation("send", name, f"{service} publishes this event.", send)
    for name in consumed:
        operations[f"{service}.hears.{name}"] = _operation("receive", name, f"{service} consumes this event.", receive)
    return operations


def _operation(action: str, name: str, summary: str, binding: dict[str, Any]) -> dict[str, Any]:
    channel = f"#/channels/{name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "summary": summary,
        "messages": [{"$ref": f"{channel}/messages/{name}"}],
        "bindings": {"amqp": binding},
    }


def _message(contract: type[Event]) -> dict[str, Any]:
    fixed = {"type": contract.TYPE, "source": source_of(contract.TYPE)}
    return {
        "name": contract.TYPE,
        "title": contract.__name__,
        "summary": " ".join((contract.__doc__ or "").split()),
        "contentType": "application/json",
        "correlationId": {"location": f"$message.header#/{PREFIX}correlationid"},
        "headers": {
            "allOf": [
                {"$ref": f"#/components/schemas/{_HEADERS}"},
                {"properties": {PREFIX + name: {"const": value} for name, value in fixed.items()}},
            ]
        },
        "payload": {"$ref": f"#/components/schemas/{contract.__name__}"},
        "bindings": {"amqp": {"messageType": contract.TYPE, "bindingVersion": _BINDING}},
        "examples": [example(contract)],
    }


def _headers() -> dict[str, Any]:
    """Return the schema of the attributes in shared/events/envelope.py. Attributes that are never read are optional."""
    headers: dict[str, dict[str, Any]] = {
        "specversion": {"const": "1.0"},
        "id": {"format": "uuid", "description": "Unique per event. The same id with other content is rejected."},
        "type": {"maxLength": 200},
        "source": {"maxLength": 200, "description": "/lingjun/ and the service, which is the first word of the type."},
        "subject": {"maxLength": 200, "description": "The subject of the event, equal to the id in the body."},
        "sequence": {
            "pattern": "^[0-9]{1,10}$",
            "description": "Counts per (source, subject), from 1. Ten digits; fewer in events of an earlier version.",
        },
        "time": {"format": "date-time", "description": "With an offset."},
        "correlationid": {"maxLength": 200},
        "traceparent": {"description": "W3C Trace Context, by the CloudEvents Distributed Tracing extension."},
    }
    optional = ("specversion", "correlationid", "traceparent")
    return {
        "type": "object",
        "properties": {PREFIX + name: {"type": "string"} | schema for name, schema in headers.items()},
        "required": [PREFIX + name for name in headers if name not in optional],
    }


def _payloads() -> dict[str, Any]:
    _, definitions = models_json_schema(
        [(contract, "validation") for contract in CONTRACTS.values()], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = definitions["$defs"]
    return schemas
