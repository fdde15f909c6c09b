"""Malformed and forged messages never stop the consumer or change a state; each is dead-lettered unchanged."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import aio_pika
import pytest
from pamqp import decode
from sqlmodel import select

from shared.events.billing import FeePaid
from shared.events.envelope import MOST_BYTES
from shared.foundation.errors import OutOfOrder
from shared.messaging.rabbit import ATTEMPT
from shared.messaging.transport import DEAD_LETTERS, Delivery, Outgoing
from shared.persistence.models import LastSequence
from tests.messaging.conftest import eventually, fee_paid


def message(body=None, **changed):
    """Return a well-formed message with the attributes in `changed` replaced; None omits an attribute."""
    event = fee_paid(7)
    attributes = {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": FeePaid.TYPE,
        "source": "/lingjun/billing",
        "subject": event.subject,
        "sequence": "1",
        "time": datetime.now(UTC).isoformat(),
    } | changed
    headers = {f"cloudEvents:{name}": value for name, value in attributes.items() if value is not None}
    content = event.model_dump_json().encode() if body is None else body
    return Outgoing(uuid4(), FeePaid.TYPE, headers, content)


def wrong_schema():
    return json.dumps(json.loads(fee_paid(7).model_dump_json()) | {"paid_fen": "much"}).encode()


FORGERIES = {
    "Invalid: 消息内容不合契约 billing.fee_paid.v1:paid_fen": lambda: message(wrong_schema()),
    "Invalid: 消息内容不合契约 billing.fee_paid.v1:": lambda: message(b"\xff\x00 no json"),
    "Invalid: 消息信封不合规范:KeyError('cloudEvents:id')": lambda: message(id=None),
    "Invalid: 消息信封不合规范:ValueError('badly formed hexadecimal UUID string')": lambda: message(id="7"),
    "Invalid: 消息信封不合规范:序号或时间。": lambda: message(sequence="99999999999999999999"),
    "Invalid: 消息信封不合规范:字段过长或含控制字符。": lambda: message(subject="a\x00b"),
    f"Invalid: 消息内容 {1 << 20} 字节,超过上限 {MOST_BYTES} 字节。": lambda: message(b" " * (1 << 20)),
    "Invalid: 消息来源 /elsewhere 无权发布 billing.fee_paid.v1": lambda: message(source="/elsewhere"),
    "Invalid: 消息主体 somebody 与内容不符": lambda: message(subject="somebody"),
}


async def dead_lettered(installation, forged, handler, *, good):
    """Publish `forged` messages and then `good` events; return the dead letters."""
    transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
    await transport.open()
    await dead.open()
    async with installation.consuming(handler), installation.relaying():
        await transport.publish(forged)
        installation.publish(*good)
        deliveries: list[Delivery] = []
        while len(deliveries) < len(forged):
            batch = await asyncio.wait_for(dead.receive(20), 30)
            await dead.acknowledge(batch)
            deliveries.extend(batch)
        await eventually(lambda: len(last_sequences(installation)) == len(good))
    await transport.close()
    await dead.close()
    return deliveries


def last_sequences(installation):
    with installation.subscriber.reader() as session:
        return session.exec(select(LastSequence)).all()


def test_forgeries_are_dead_lettered_with_their_reason_and_change_nothing(installation):
    handled = []
    forged = [forge() for forge in FORGERIES.values()]

    def handler(_session, event, *, context):
        handled.append(event.paid_fen)

    deliveries = asyncio.run(dead_lettered(installation, forged, handler, good=[fee_paid(2), fee_paid(3)]))
    assert handled[-2:] == [2, 3]
    assert 7 not in handled
    assert sorted(delivery.headers["x-lingjun-reason"] for delivery in deliveries) == sorted(FORGERIES)
    assert sorted(delivery.body for delivery in deliveries) == sorted(forgery.body for forgery in forged)


def test_a_reused_event_id_with_other_content_is_dead_lettered(installation):
    handled = []
    first = message()
    again = message(id=first.headers["cloudEvents:id"])

    def handler(_session, event, *, context):
        handled.append(event.subject)

    async def play():
        transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
        await transport.open()
        await dead.open()
        async with installation.consuming(handler):
            await transport.publish([first])
            await eventually(lambda: len(last_sequences(installation)) == 1)
            await transport.publish([again])
            batch = await asyncio.wait_for(dead.receive(20), 30)
            await dead.acknowledge(batch)
        await transport.close()
        await dead.close()
        return batch

    batch = asyncio.run(play())
    identity = first.headers["cloudEvents:id"]
    assert [delivery.headers["x-lingjun-reason"] for delivery in batch] == [
        f"Conflict: 消息编号 {identity} 已用于另一内容。"
    ]
    assert handled == [first.headers["cloudEvents:subject"]]


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
@pytest.mark.parametrize("attempt", [-99, 99, True, "many"])
def test_a_forged_attempt_count_does_not_stop_the_consumer(installation, attempt):
    good = message()
    forged = Outgoing(good.id, good.type, good.headers | {ATTEMPT: attempt}, good.body)

    def handler(_session, event, *, context):
        if event.paid_fen == 7:
            raise OutOfOrder("尚早")

    (dead_letter,) = asyncio.run(dead_lettered(installation, [forged], handler, good=[fee_paid(2)]))
    assert (dead_letter.headers["x-lingjun-reason"], dead_letter.body) == ("OutOfOrder: 尚早", good.body)


class Far(datetime):
    """A time that AMQP can carry and Python cannot."""

    def timestamp(self):
        return 2**64 - 1


class Broken(str):
    """A text that is no UTF-8 on the wire."""

    def encode(self, *_):
        return b"\xff\xfe"


FAR = Far(2021, 11, 22, tzinfo=UTC)
UNDECODABLE: dict[str, dict[str, Any]] = {
    "a time header": {"headers": {"x-when": FAR}},
    "the time of the event": {"headers": {"cloudEvents:time": FAR}},
    "the time of the message": {"timestamp": FAR},
    "the name of a header": {"headers": {Broken("x"): "y"}},
}


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "behind a good one"])
@pytest.mark.parametrize("kind", UNDECODABLE)
def test_what_the_client_library_cannot_decode_is_dead_lettered(installation, kind, is_first):
    """These bytes closed the connection or stopped the callback at each delivery."""
    handled = []

    def handler(_session, event, *, context):
        handled.append(event.paid_fen)

    async def play():
        transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
        await transport.open()
        await dead.open()
        if not is_first:
            await transport.publish([message()])
        connection = await aio_pika.connect(installation.bus_url)
        channel = await connection.channel()
        forged = message(source="/elsewhere")
        headers = forged.headers | UNDECODABLE[kind].get("headers", {})
        sent = aio_pika.Message(forged.body, **(UNDECODABLE[kind] | {"headers": headers}))
        await channel.default_exchange.publish(sent, f"lingjun.{installation.queue}")
        async with installation.consuming(handler), installation.relaying():
            installation.publish(fee_paid(2))
            (found,) = await asyncio.wait_for(dead.receive(1), 30)
            await dead.acknowledge([found])
            await eventually(lambda: handled[-1:] == [2])
        await connection.close()
        await transport.close()
        await dead.close()
        return found, forged

    found, forged = asyncio.run(play())
    assert found.body == forged.body
    assert found.headers["x-lingjun-reason"].startswith("Invalid")
    assert handled == ([2] if is_first else [7, 2])


def test_a_short_text_that_is_no_utf_8_is_read_all_the_same():
    assert decode.by_type(b"\x03a\xffb...", "shortstr") == (4, "a\ufffdb")
