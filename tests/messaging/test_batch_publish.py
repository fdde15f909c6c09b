"""A batch is published in one write on a real broker. Each message is confirmed or refused alone; delivery tags match.

Pins the internals of aiormq that batch_publish.py uses: lock, delivery_tag, confirmations, message_id_delivery_tag and
write_queue.
"""

import asyncio
from uuid import uuid4

import aio_pika
import pytest

from shared.messaging.batch_publish import publish_batch


def message(body=b"{}"):
    return aio_pika.Message(body, message_id=str(uuid4()), delivery_mode=aio_pika.DeliveryMode.PERSISTENT)


async def with_channel(url, play, **queue_arguments):
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel(on_return_raises=True)
        arguments = {"x-queue-type": "quorum"} | queue_arguments
        queue = await channel.declare_queue(f"q{uuid4().hex[:8]}", durable=True, arguments=arguments)
        return await play(channel, await channel.get_underlay_channel(), queue)


async def read_bodies(queue, count):
    return [(await queue.get(no_ack=True, timeout=20)).body for _ in range(count)]


def test_a_batch_is_confirmed_and_arrives_in_order_including_a_message_larger_than_a_frame(rabbitmq_url):
    bodies = [b"%d" % number for number in range(500)] + [b"x" * 300_000, b"", b"last"]

    async def play(_channel, frames, queue):
        results = await publish_batch(frames, "", [(queue.name, message(body)) for body in bodies])
        return results, await read_bodies(queue, len(bodies))

    results, arrived = asyncio.run(with_channel(rabbitmq_url, play))
    assert results == [None] * len(bodies)
    assert arrived == bodies


def test_an_unroutable_message_is_refused_alone(rabbitmq_url):
    async def play(_channel, frames, queue):
        batch = [(queue.name, message(b"1")), ("nowhere", message(b"2")), (queue.name, message(b"3"))]
        results = await publish_batch(frames, "", batch)
        return results, await read_bodies(queue, 2)

    results, arrived = asyncio.run(with_channel(rabbitmq_url, play))
    assert [type(result).__name__ for result in results] == ["NoneType", "PublishError", "NoneType"]
    assert arrived == [b"1", b"3"]


def test_a_nack_is_a_refusal(rabbitmq_url):
    async def play(_channel, frames, queue):
        results = []
        for number in range(5):
            results += await publish_batch(frames, "", [(queue.name, message(b"%d" % number))])
        return results

    full = {"x-max-length": 1, "x-overflow": "reject-publish"}
    results = asyncio.run(with_channel(rabbitmq_url, play, **full))
    assert results[0] is None
    assert type(results[-1]).__name__ == "DeliveryError"


def test_batches_and_single_messages_share_a_channel_and_leave_no_pending_confirms(rabbitmq_url):
    async def play(channel, frames, queue):
        async def batch(number):
            return await publish_batch(frames, "", [(queue.name, message(b"%d" % number)) for _ in range(20)])

        single = [channel.default_exchange.publish(message(), queue.name) for _ in range(20)]
        batches = await asyncio.wait_for(asyncio.gather(*(batch(number) for number in range(5)), *single), 20)
        return batches[:5], dict(frames.confirmations), dict(frames.message_id_delivery_tag), frames.delivery_tag

    batches, confirmations, ids, counted = asyncio.run(with_channel(rabbitmq_url, play))
    assert batches == [[None] * 20] * 5
    assert (confirmations, ids, counted) == ({}, {}, 120)


def test_a_message_that_cannot_be_written_is_not_counted(rabbitmq_url):
    async def play(_channel, frames, queue):
        with pytest.raises(TypeError, match="255 bytes"):
            await publish_batch(frames, "", [(queue.name, message()), ("k" * 300, message())])
        return await asyncio.wait_for(publish_batch(frames, "", [(queue.name, message())]), 20), frames.delivery_tag

    assert asyncio.run(with_channel(rabbitmq_url, play)) == ([None], 1)


def test_a_closed_channel_raises_at_once(rabbitmq_url):
    async def play(_channel, frames, queue):
        await frames.close()
        with pytest.raises(aio_pika.exceptions.ChannelInvalidStateError):
            await publish_batch(frames, "", [(queue.name, message())])

    asyncio.run(with_channel(rabbitmq_url, play))


def test_a_channel_closed_by_the_broker_during_confirms_raises(rabbitmq_url):
    async def play(_channel, frames, _queue):
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await asyncio.wait_for(publish_batch(frames, "no-such-exchange", [("key", message())]), 20)

    asyncio.run(with_channel(rabbitmq_url, play))
