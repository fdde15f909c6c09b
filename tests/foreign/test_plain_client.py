"""A client without our code reads and publishes events over AMQP and CloudEvents, as docs/events.md describes."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import aio_pika
import pytest

from services.demo.programme import CODE, programme
from services.review.models import ProgrammeRow
from shared.events.review import RefundOrdered
from shared.persistence.models import InboxRow, LastSequence
from tests.foreign.client import Client, rows, running_bus
from tests.messaging.conftest import eventually

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_a_foreign_client_reads_a_published_event(review):
    event = RefundOrdered(application_id=uuid4(), programme=CODE, reason="withdrawn")

    async def play():
        async with running_bus(review), Client.connected(review.settings.broker_url, key="review.#") as client:
            with review.database.transaction() as uow:
                uow.publish(event, now=datetime(2021, 12, 9, 1, tzinfo=UTC))
            return await asyncio.wait_for(client.read(), 30)

    headers, content_type, body = asyncio.run(play())
    attributes = {name.removeprefix("cloudEvents:"): value for name, value in headers.items()}
    assert content_type == "application/json"
    assert UUID(attributes.pop("id")).version == 4
    assert attributes.pop("correlationid")
    assert attributes == {
        "specversion": "1.0",
        "type": "review.refund_ordered.v1",
        "source": "/lingjun/review",
        "subject": str(event.application_id),
        "sequence": "0000000001",
        "time": "2021-12-09T01:00:00+00:00",
    }
    assert json.loads(body)["application_id"] == str(event.application_id)


@pytest.mark.parametrize("prefix", ["cloudEvents:", "cloudEvents_"])
@pytest.mark.parametrize(
    "types",
    [
        {},
        {"sequence": "0000000001"},
        {"sequence": 1, "time": datetime(2021, 11, 22, 1, tzinfo=UTC)},
        {"sequence": 1, "time": 1_637_542_800_000},
    ],
    ids=["text", "leading zeros", "timestamp", "milliseconds"],
)
def test_a_service_handles_an_event_of_a_foreign_client_in_each_form_of_its_attributes(review, prefix, types):
    data = {"programme": programme(), "unknown": "is ignored"}

    async def play():
        async with running_bus(review), Client.connected(review.settings.broker_url) as client:
            await client.publish("intake.programme_published.v1", data, prefix, traceparent=TRACEPARENT, **types)
            await eventually(lambda: len(rows(review, InboxRow)) == 1)

    asyncio.run(play())
    assert [row.code for row in rows(review, ProgrammeRow)] == [CODE]
    (last_sequence,) = rows(review, LastSequence)
    assert (last_sequence.source, last_sequence.subject, last_sequence.sequence) == ("/lingjun/intake", CODE, 1)


@pytest.mark.parametrize(
    ("data", "changed", "reason"),
    [
        ({"programme": {"code": 7}}, {}, "消息内容不合契约 intake.programme_published.v1"),
        ({"programme": programme()}, {"id": None}, "cloudEvents:id"),
        ({"programme": programme()}, {"source": "/elsewhere"}, "无权发布"),
        ({"programme": programme()}, {"time": 1 << 60}, "ValueError"),
        ({"programme": programme()}, {"time": True}, "ValueError"),
    ],
    ids=["a body that violates its contract", "no id", "another source", "no moment", "no time"],
)
def test_a_malformed_event_of_a_foreign_client_is_dead_lettered_with_its_reason(review, data, changed, reason):
    correlation = str(uuid4())

    async def play():
        async with running_bus(review), Client.connected(review.settings.broker_url, "lingjun.dead") as client:
            await client.publish("intake.programme_published.v1", data, correlationid=correlation, **changed)
            return await asyncio.wait_for(client.read(correlationid=correlation), 30)

    headers, _content_type, body = asyncio.run(play())
    assert reason in headers["x-lingjun-reason"]
    assert headers["x-lingjun-queue"] == "review"
    assert json.loads(body) == data
    assert rows(review, ProgrammeRow) == []


def test_an_event_without_a_subscriber_is_returned_to_a_foreign_client(review):
    async def play():
        async with running_bus(review), Client.connected(review.settings.broker_url) as client:
            with pytest.raises(aio_pika.exceptions.DeliveryError):
                await client.publish("intake.unknown_event.v1", {})

    asyncio.run(play())
