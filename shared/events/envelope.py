"""The event envelope: CloudEvents 1.0 attributes and a JSON body, as in the AMQP binary content mode."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.events import CONTRACTS, Event
from shared.foundation.errors import Invalid

PREFIX = "cloudEvents:"
# The AMQP binding's other prefix, for clients whose names cannot contain a colon.
_OTHER_PREFIX = "cloudEvents_"
# Type prefix of dead-lettered jobs: job.<name>. Replaying such a dead letter makes the service requeue the job.
JOB_DEAD_LETTER = "job."
# All contracts stay far below this. A larger message is from another publisher and is not parsed.
MOST_BYTES = 512 * 1024
_MOST_CHARACTERS = 200
_MOST_SEQUENCE = 2**31 - 1
_SEQUENCE_DIGITS = len(str(_MOST_SEQUENCE))
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True)
class Envelope:
    """Attributes and body of one event. `sequence` counts per (source, subject), from 1. `time` is business time.
    `traceparent` (CloudEvents Distributed Tracing extension) is empty if the event is not traced."""

    id: UUID
    type: str
    source: str
    subject: str
    sequence: int
    time: datetime
    correlation_id: str
    body: bytes
    traceparent: str = ""

    @property
    def headers(self) -> dict[str, Any]:
        """The attributes as AMQP headers (CloudEvents AMQP binding, binary mode). `sequence` has leading zeros, so that
        it can be ordered as text (CloudEvents Sequence extension)."""
        attributes = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "sequence": str(self.sequence).zfill(_SEQUENCE_DIGITS),
            "time": self.time.isoformat(),
            "correlationid": self.correlation_id,
        }
        if self.traceparent:
            attributes["traceparent"] = self.traceparent
        return {PREFIX + name: value for name, value in attributes.items()}


def with_one_prefix(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the headers with every attribute under PREFIX, and a native `time` as text. An attribute that has both
    prefixes keeps the value under PREFIX."""
    others = {name: value for name, value in headers.items() if name.startswith(_OTHER_PREFIX)}
    named = {PREFIX + name.removeprefix(_OTHER_PREFIX): value for name, value in others.items()}
    named |= {name: value for name, value in headers.items() if name not in others}
    if PREFIX + "time" in named:
        named[PREFIX + "time"] = _time_as_text(named[PREFIX + "time"])
    return named


def _time_as_text(value: object) -> object:
    """Return a native AMQP timestamp as text: the client library's datetime, or milliseconds since 1970, as the
    CloudEvents SDK writes. Anything else is returned unchanged, for `read_envelope` to parse or refuse."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, int) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value / 1000, tz=UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            return value
    return value


def read_envelope(headers: dict[str, Any], body: bytes) -> Envelope:
    """Parse the envelope of a delivery, whose attributes are under PREFIX. Raises Invalid when one is missing or malformed.

    `sequence` may lack its leading zeros: events of an earlier version are still in queues and in the log."""
    try:
        attributes = {
            name: str(headers[PREFIX + name]) for name in ("id", "type", "source", "subject", "sequence", "time")
        }
        envelope = Envelope(
            id=UUID(attributes["id"]),
            type=attributes["type"],
            source=attributes["source"],
            subject=attributes["subject"],
            sequence=int(attributes["sequence"]),
            time=datetime.fromisoformat(attributes["time"]),
            correlation_id=str(headers.get(PREFIX + "correlationid", "")),
            body=body,
            traceparent=_traceparent(headers.get(PREFIX + "traceparent")),
        )
    except (KeyError, ValueError) as error:
        raise Invalid("消息信封不合规范:{fault}", code="envelope", values={"fault": repr(error)}) from error
    texts = (envelope.type, envelope.source, envelope.subject, envelope.correlation_id)
    if any(len(text) > _MOST_CHARACTERS or not text.isprintable() for text in texts):
        raise Invalid("消息信封不合规范:字段过长或含控制字符。", code="envelope")
    if not 1 <= envelope.sequence <= _MOST_SEQUENCE or envelope.time.tzinfo is None:
        raise Invalid("消息信封不合规范:序号或时间。", code="envelope")
    if len(body) > MOST_BYTES:
        raise Invalid(
            "消息内容 {count} 字节,超过上限 {most} 字节。",
            code="too-large",
            values={"count": len(body), "most": MOST_BYTES},
        )
    return envelope


def read_event(envelope: Envelope) -> Event:
    """Parse the event. Raises Invalid when the body violates its contract or does not match the envelope."""
    contract = CONTRACTS[envelope.type]
    try:
        event = contract.model_validate_json(envelope.body)
    except ValidationError as error:
        where = "、".join(".".join(map(str, details["loc"])) for details in error.errors()[:5])
        raise Invalid(
            "消息内容不合契约 {type}:{where}", code="contract", values={"type": envelope.type, "where": where}
        ) from error
    if envelope.source != source_of(envelope.type):
        raise Invalid(
            "消息来源 {source} 无权发布 {type}",
            code="source",
            values={"source": envelope.source, "type": envelope.type},
        )
    if event.subject != envelope.subject:
        raise Invalid("消息主体 {subject} 与内容不符", code="subject", values={"subject": envelope.subject})
    return event


def source_of(event_type: str) -> str:
    """Return the CloudEvents source of a type: its publisher."""
    return f"/lingjun/{publisher_of(event_type)}"


def publisher_of(event_type: str) -> str:
    """Return the only service that may publish events of this type."""
    return event_type.partition(".")[0]


def _traceparent(value: object) -> str:
    """Return the traceparent; empty if malformed: W3C requires to start a new trace, not to reject the event."""
    return value if isinstance(value, str) and _TRACEPARENT.fullmatch(value) else ""
