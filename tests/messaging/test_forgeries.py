"""Malformed and forged messages never stop the consumer or change a state; each is dead-lettered unchanged."""

import asyncio
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
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
