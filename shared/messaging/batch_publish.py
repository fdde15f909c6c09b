"""Publish a batch of messages on a channel with confirms: one write, one wait for all confirms. Used by rabbit.py.

aio-pika publishes one message at a time and waits for the socket after each. This module writes aiormq's own frames and
leaves confirms, nacks and returns to aiormq (docs/decisions/0003).
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import aio_pika
from aio_pika.exceptions import DeliveryError
from aiormq.abc import ChannelFrame
from aiormq.channel import Channel
from pamqp import commands
from pamqp.base import Frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

Message = tuple[str, aio_pika.Message]


async def publish_batch(channel: Channel, exchange: str, batch: Sequence[Message]) -> list[DeliveryError | None]:
    """Publish pairs of routing key and message, in order, mandatory. Each message needs a unique id. Return None for
    each confirmed message, else the error: a return or a nack. Raises aiormq's exceptions when the channel is lost."""
    try:
        async with channel.lock:
            frames = [frame for message in batch for frame in _frames(channel, exchange, *message)]
            written = channel.create_future()
            data = ChannelFrame.marshall(frames=frames, channel_number=channel.number, drain_future=written)
            # `put` is atomic, and no other task runs before the messages are counted.
            await channel.write_queue.put(data)
            confirmations = [_register(channel, str(message.message_id)) for _, message in batch]
            await written
        results = await asyncio.gather(*confirmations, return_exceptions=True)
    finally:
        for _, message in batch:
            channel.message_id_delivery_tag.pop(str(message.message_id), None)
    return [_delivery_error(result) for result in results]


def _register(channel: Channel, message_id: str) -> "asyncio.Future[Any]":
    """Register the next message with aiormq, which matches confirms by delivery tag and returns by message id."""
    channel.delivery_tag += 1
    confirmation = channel.create_future()
    channel.confirmations[channel.delivery_tag] = confirmation
    channel.message_id_delivery_tag[message_id] = channel.delivery_tag
    return confirmation


def _frames(
    channel: Channel, exchange: str, routing_key: str, message: aio_pika.Message
) -> list[Frame | ContentHeader | ContentBody]:
    size, body = channel.max_content_size, message.body
    return [
        commands.Basic.Publish(exchange=exchange, routing_key=routing_key, mandatory=True),
        ContentHeader(properties=message.properties, body_size=len(body)),
        *(ContentBody(body[start : start + size]) for start in range(0, len(body), size)),
    ]


def _delivery_error(result: Any) -> DeliveryError | None:
    if isinstance(result, BaseException) and not isinstance(result, DeliveryError):
        raise result
    return result if isinstance(result, DeliveryError) else None
