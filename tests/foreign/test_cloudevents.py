"""CloudEvents' SDKs for Python and JavaScript write events that a service takes once, and read those that it publishes."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from aio_pika.abc import AbstractIncomingMessage
from cloudevents.core.bindings import amqp, rabbitmq
from cloudevents.core.v1.event import CloudEvent

from services.demo.programme import CODE, programme
from services.review.models import ProgrammeRow
from shared.events.intake import ProgrammeRevised
from shared.events.review import RefundOrdered
from shared.persistence.models import InboxRow, LastSequence
from shared.wiring.process import Process
from tests.foreign.client import Client, rows, running_bus
from tests.messaging.conftest import eventually

FOLDER = Path(__file__).parent
MOMENT = datetime(2021, 11, 22, 1, tzinfo=UTC)
PREFIXES = ("cloudEvents_", "cloudEvents:")
TIMES = {"text": MOMENT.isoformat(), "timestamp": MOMENT, "milliseconds": int(MOMENT.timestamp() * 1000)}
FORMS = [(prefix, time) for prefix in PREFIXES for time in TIMES]


def attributes(number: int, **more: Any) -> dict[str, Any]:
    """Return the attributes of the `number`th revision of the programme; the numbers are padded for every other."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": ProgrammeRevised.TYPE,
        "source": "/lingjun/intake",
        "subject": CODE,
        "sequence": str(number).zfill(10) if number % 2 else str(number),
        "time": MOMENT,
        **more,
    }


def revision(number: int) -> dict[str, Any]:
    return {"programme": programme() | {"version": number}}


def event(number: int, **more: Any) -> CloudEvent:
    return CloudEvent(attributes(number, datacontenttype="application/json", **more), revision(number))


async def node(npm_packages: Path, mode: str, **given: Any) -> str:
    """Run events.mjs with this input; return what it prints."""
    program = await asyncio.create_subprocess_exec(
        "node", str(FOLDER / "events.mjs"), mode, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    printed, _nothing = await asyncio.wait_for(program.communicate(json.dumps(given).encode()), 30)
    assert program.returncode == 0
    return printed.decode()


def taken(process: Process) -> tuple[list[str], list[int], list[int]]:
    """Return the outcomes of the received events, the programme's version, and the last sequence number."""
    return (
        [row.outcome for row in rows(process, InboxRow)],
        [row.version for row in rows(process, ProgrammeRow)],
        [row.sequence for row in rows(process, LastSequence)],
    )


# The forms, and one event after all copies.
LAST = len(FORMS) + 1
EACH_ONCE = (["handled"] * LAST, [LAST], [LAST])


def test_a_service_takes_each_form_of_the_sdk_for_python_once(review: Process) -> None:
    async def play() -> None:
        async with running_bus(review), Client.connected(review.settings.broker_url) as client:
            for number, (prefix, time) in enumerate(FORMS, 1):
                message = amqp.to_binary_event(event(number))
                assert message.application_properties["cloudEvents_time"] == TIMES["milliseconds"]
                named = {
                    prefix + name.removeprefix("cloudEvents_"): value
                    for name, value in message.application_properties.items()
                }
                headers = named | {f"{prefix}time": TIMES[time]}
                for _twice in range(2):
                    await client.send(ProgrammeRevised.TYPE, headers, message.application_data)
            last = amqp.to_binary_event(event(LAST))
            await client.send(ProgrammeRevised.TYPE, last.application_properties, last.application_data)
            await eventually(lambda: len(rows(review, InboxRow)) == LAST)

    asyncio.run(play())
    assert taken(review) == EACH_ONCE


def test_a_service_takes_each_form_of_the_sdk_for_javascript_once(review: Process, npm_packages: Path) -> None:
    messages = [
        {
            "attributes": attributes(number, time=TIMES["text"]),
            "data": revision(number),
            "prefix": prefix,
            "time": time,
        }
        for number, (prefix, time) in enumerate([*FORMS, FORMS[0]], 1)
    ]

    async def play() -> None:
        async with running_bus(review):
            await node(npm_packages, "publish", url=review.settings.broker_url, messages=[*messages[:-1], *messages])
            await eventually(lambda: len(rows(review, InboxRow)) == LAST)

    asyncio.run(play())
    assert taken(review) == EACH_ONCE


COUNT = 12


def publish(review: Process) -> list[RefundOrdered]:
    """Publish COUNT events of one subject."""
    one = RefundOrdered(application_id=uuid4(), programme=CODE, reason="")
    events = [one.model_copy(update={"reason": f"reason {number}"}) for number in range(1, COUNT + 1)]
    with review.database.transaction() as uow:
        for event in events:
            uow.publish(event, now=MOMENT)
    return events


def check(read: list[dict[str, Any]], published: list[RefundOrdered]) -> None:
    """Expect the published events: in the order of `sequence` as text, whole, and at MOMENT."""
    ordered = sorted(read, key=lambda one: str(one["sequence"]))
    assert [one["data"] for one in ordered] == [one.model_dump(mode="json") for one in published]
    assert {(one["type"], one["source"], one["subject"], one["specversion"], one["time"]) for one in read} == {
        (RefundOrdered.TYPE, "/lingjun/review", str(published[0].application_id), "1.0", MOMENT)
    }


def test_the_sdk_for_python_reads_published_events(review: Process) -> None:
    def read(message: AbstractIncomingMessage) -> dict[str, Any]:
        properties = {"content-type": message.content_type}
        found = amqp.from_binary_event(amqp.AMQPMessage(properties, dict(message.headers), message.body))
        return found.get_attributes() | {"data": found.get_data()}

    async def play() -> None:
        async with running_bus(review), Client.connected(review.settings.broker_url, key="review.#") as client:
            published = publish(review)
            messages = await asyncio.wait_for(client.take(COUNT), 30)
            check([read(message) for message in messages], published)

    asyncio.run(play())


def test_the_sdk_for_javascript_reads_published_events(review: Process, npm_packages: Path) -> None:
    async def play() -> None:
        url = review.settings.broker_url
        async with running_bus(review), Client.connected(url, key="review.#") as client:
            published = publish(review)
            read = json.loads(await node(npm_packages, "read", url=url, queue=client.queue.name, count=COUNT))
            check([one | {"time": datetime.fromisoformat(one["time"])} for one in read], published)

    asyncio.run(play())


def test_the_modes_that_are_not_taken_are_dead_lettered_and_later_events_are_taken(review: Process) -> None:
    structured = amqp.to_structured_event(event(1))
    other = rabbitmq.to_binary_event(event(2))
    good = amqp.to_binary_event(event(3))
    refused = [
        (structured.application_properties, structured.application_data, "application/cloudevents+json"),
        (other.headers, other.body, "application/json"),
    ]

    async def play() -> list[AbstractIncomingMessage]:
        url = review.settings.broker_url
        async with running_bus(review), Client.connected(url, "lingjun.dead") as client:
            for headers, body, content_type in refused:
                await client.send(ProgrammeRevised.TYPE, headers, body, content_type)
            await client.send(ProgrammeRevised.TYPE, good.application_properties, good.application_data)
            await eventually(lambda: len(rows(review, InboxRow)) == 1)
            dead: list[AbstractIncomingMessage] = await asyncio.wait_for(client.take(len(refused)), 30)
            return dead

    dead = asyncio.run(play())
    assert [one.body for one in dead] == [body for _headers, body, _type in refused]
    assert {one.headers["x-lingjun-reason"] for one in dead} == {"Invalid: 消息信封不合规范:KeyError('cloudEvents:id')"}
    assert taken(review) == (["handled"], [3], [3])


def test_a_timestamp_beyond_the_calendar_is_dead_lettered_and_does_not_stop_the_consumer(
    review: Process, npm_packages: Path
) -> None:
    given = {"attributes": attributes(1, time=TIMES["text"]), "data": revision(1), "prefix": "cloudEvents:"}
    good = given | {"attributes": attributes(2, time=TIMES["text"]), "time": "text"}

    async def play() -> AbstractIncomingMessage:
        url = review.settings.broker_url
        async with running_bus(review), Client.connected(url, "lingjun.dead") as client:
            messages = [given | {"time": "nanoseconds"}, good]
            await node(npm_packages, "publish", url=url, messages=messages)
            await eventually(lambda: len(rows(review, InboxRow)) == 1)
            (dead,) = await asyncio.wait_for(client.take(1), 30)
            found: AbstractIncomingMessage = dead
            return found

    assert "ValueError" in str(asyncio.run(play()).headers["x-lingjun-reason"])
    assert taken(review)[0] == ["handled"]
