"""The envelope of an event: CloudEvents 1.0 attributes beside a JSON body, as in the AMQP binary content mode."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from shared.errors import Invalid
from shared.events import CONTRACTS, Event

PREFIX = "cloudEvents:"


@dataclass(frozen=True)
class Envelope:
    """Attributes and body of one event. `sequence` counts per (source, subject), from 1; `time` is business time."""

    id: UUID
    type: str
    source: str
    subject: str
    sequence: int
    time: datetime
    correlation_id: str
    body: bytes

    @property
    def headers(self) -> dict[str, Any]:
        """The attributes as AMQP headers (CloudEvents AMQP binding, binary mode)."""
        attributes = {
            "specversion": "1.0",
            "id": str(self.id),
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "sequence": str(self.sequence),
            "time": self.time.isoformat(),
            "correlationid": self.correlation_id,
        }
        return {PREFIX + name: value for name, value in attributes.items()}


def read_envelope(headers: dict[str, Any], body: bytes) -> Envelope:
    """The envelope of a delivery. Raises Invalid, naming what is missing or malformed."""
    try:
        attributes = {
            name: str(headers[PREFIX + name]) for name in ("id", "type", "source", "subject", "sequence", "time")
        }
        return Envelope(
            id=UUID(attributes["id"]),
            type=attributes["type"],
            source=attributes["source"],
            subject=attributes["subject"],
            sequence=int(attributes["sequence"]),
            time=datetime.fromisoformat(attributes["time"]),
            correlation_id=str(headers.get(PREFIX + "correlationid", "")),
            body=body,
        )
    except (KeyError, ValueError) as fault:
        raise Invalid(f"消息信封不合规范:{fault!r}", code="envelope") from fault


def read_event(envelope: Envelope) -> Event:
    """The typed event inside. Raises Invalid when the body breaks its contract, or the envelope does not fit it."""
    contract = CONTRACTS[envelope.type]
    try:
        found = contract.model_validate_json(envelope.body)
    except ValidationError as fault:
        where = "、".join(".".join(map(str, error["loc"])) for error in fault.errors()[:5])
        raise Invalid(f"消息内容不合契约 {envelope.type}:{where}", code="contract") from fault
    if envelope.source != source_of(envelope.type):
        raise Invalid(f"消息来源 {envelope.source} 无权发布 {envelope.type}", code="source")
    if found.subject != envelope.subject:
        raise Invalid(f"消息主体 {envelope.subject} 与内容不符", code="subject")
    return found


def source_of(event_type: str) -> str:
    """The publisher of a type, as a CloudEvents source."""
    return f"/lingjun/{event_type.partition('.')[0]}"
