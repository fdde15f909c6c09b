"""The contracts as an AsyncAPI 3.0 document, for clients in any language. Written to docs/asyncapi.yaml by document.py."""

from typing import Any

from pydantic.json_schema import models_json_schema

from shared.events import CONTRACTS, Event
from shared.events.envelope import PREFIX, publisher_of, source_of
from shared.events.subscriptions import SUBSCRIPTIONS

EXCHANGE = "lingjun.events"
_BINDING = "0.3.0"
_HEADERS = "CloudEventsHeaders"
_ABOUT = (
    "What the services of Lingjun say to each other, over the topic exchange of RabbitMQ that every event is published to "
    "with its type as the routing key. CloudEvents 1.0 in AMQP binary mode. docs/events.md says how a client of yours reads "
    "and posts."
)


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Lingjun events", "version": "1", "description": _ABOUT},
        "defaultContentType": "application/json",
        "servers": {
            "house": {
                "host": "rabbitmq:5672",
                "pathname": "/lingjun",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "The broker of docker-compose.yml; it is not published to the outside.",
            }
        },
        "channels": {name: _channel(name) for name in CONTRACTS},
        "operations": {name: one for service in SUBSCRIPTIONS for name, one in _operations(service).items()},
        "components": {
            "messages": {name: _message(contract) for name, contract in CONTRACTS.items()},
            "schemas": {_HEADERS: _headers()} | _payloads(),
        },
    }


def _channel(name: str) -> dict[str, Any]:
    exchange = {"name": EXCHANGE, "type": "topic", "durable": True, "autoDelete": False, "vhost": "/lingjun"}
    return {
        "address": name,
        "servers": [{"$ref": "#/servers/house"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": _BINDING}},
    }


def _operations(service: str) -> dict[str, Any]:
    said = [name for name in CONTRACTS if publisher_of(name) == service]
    heard = [contract.TYPE for contract in SUBSCRIPTIONS[service]]
    receiving = {"ack": True, "bindingVersion": _BINDING}
    sending = receiving | {"deliveryMode": 2, "mandatory": True}
    return {f"{service}.says.{name}": _operation("send", name, f"{service} says it.", sending) for name in said} | {
        f"{service}.hears.{name}": _operation("receive", name, f"{service} hears it.", receiving) for name in heard
    }


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
    }


def _headers() -> dict[str, Any]:
    """The attributes of shared/events/envelope.py: what is read must be there, the rest may be left out."""
    told: dict[str, dict[str, Any]] = {
        "specversion": {"const": "1.0"},
        "id": {"format": "uuid", "description": "Once per event: the same id with other content is refused."},
        "type": {"maxLength": 200},
        "source": {"maxLength": 200, "description": "/lingjun/ and the service that the type begins with."},
        "subject": {"maxLength": 200, "description": "What it is about, as the body says it."},
        "sequence": {"pattern": "^[1-9][0-9]{0,9}$", "description": "Counts per (source, subject), from 1."},
        "time": {"format": "date-time", "description": "With an offset."},
        "correlationid": {"maxLength": 200},
        "traceparent": {"description": "W3C Trace Context, by the CloudEvents Distributed Tracing extension."},
    }
    optional = ("specversion", "correlationid", "traceparent")
    return {
        "type": "object",
        "properties": {PREFIX + name: {"type": "string"} | schema for name, schema in told.items()},
        "required": [PREFIX + name for name in told if name not in optional],
    }


def _payloads() -> dict[str, Any]:
    _, found = models_json_schema(
        [(contract, "validation") for contract in CONTRACTS.values()], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, Any] = found["$defs"]
    return schemas
