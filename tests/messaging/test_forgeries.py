"""Malformed and forged messages: none stops the consumer or changes a state; each is found in the dead letters, as it came."""

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
    """A well-formed message but for what is changed; None leaves an attribute out."""
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


async def buried(installation, forged, handler, *, good):
    """Sends `forged` and then says `good` events; what came to the dead letters."""
    transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
    await transport.open()
    await dead.open()
    async with installation.consuming(handler), installation.relaying():
        await transport.publish(forged)
        installation.say(*good)
        found: list[Delivery] = []
        while len(found) < len(forged):
            batch = await asyncio.wait_for(dead.receive(20), 30)
            await dead.done(batch)
            found.extend(batch)
        await eventually(lambda: len(heard_parts(installation)) == len(good))
    await transport.close()
    await dead.close()
    return found


def heard_parts(installation):
    with installation.listener.reader() as session:
        return session.exec(select(LastSequence)).all()


def test_no_forgery_stops_the_consumer_or_changes_a_state_and_each_is_kept_with_its_reason(installation):
    heard = []
    forged = [forge() for forge in FORGERIES.values()]

    def handler(_session, event, *, context):
        heard.append(event.paid_fen)

    found = asyncio.run(buried(installation, forged, handler, good=[fee_paid(2), fee_paid(3)]))
    assert heard[-2:] == [2, 3]
    assert 7 not in heard
    assert sorted(one.headers["x-lingjun-reason"] for one in found) == sorted(FORGERIES)
    assert sorted(one.body for one in found) == sorted(one.body for one in forged)


def test_an_event_id_that_comes_again_with_other_content_is_buried_and_the_first_stands(installation):
    heard = []
    first = message()
    again = message(id=first.headers["cloudEvents:id"])

    def handler(_session, event, *, context):
        heard.append(event.subject)

    async def found():
        transport, dead = installation.transport(), installation.transport(DEAD_LETTERS)
        await transport.open()
        await dead.open()
        async with installation.consuming(handler):
            await transport.publish([first])
            await eventually(lambda: len(heard_parts(installation)) == 1)
            await transport.publish([again])
            batch = await asyncio.wait_for(dead.receive(20), 30)
            await dead.done(batch)
        await transport.close()
        await dead.close()
        return batch

    batch = asyncio.run(found())
    identity = first.headers["cloudEvents:id"]
    assert [one.headers["x-lingjun-reason"] for one in batch] == [f"Conflict: 消息编号 {identity} 已用于另一内容。"]
    assert heard == [first.headers["cloudEvents:subject"]]


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
@pytest.mark.parametrize("attempt", [-99, 99, True, "many"])
def test_a_forged_count_of_attempts_stops_nobody(installation, attempt):
    good = message()
    forged = Outgoing(good.id, good.type, good.headers | {ATTEMPT: attempt}, good.body)

    def handler(_session, event, *, context):
        if event.paid_fen == 7:
            raise OutOfOrder("尚早")

    (found,) = asyncio.run(buried(installation, [forged], handler, good=[fee_paid(2)]))
    assert (found.headers["x-lingjun-reason"], found.body) == ("NotYet: 尚早", good.body)
