"""Declare the exchanges and queues on RabbitMQ as the broker's owner, so that the services need no permission to
declare any.

Run `lingjun declare-topology` once before the services start. A repeat changes nothing.
"""

import asyncio
from datetime import timedelta

import aio_pika

from shared.foundation.errors import Conflict
from shared.messaging.topology import broker_call, declare
from shared.wiring.registry import topology
from shared.wiring.settings import BrokerSettings


def declare_topology(settings: BrokerSettings) -> None:
    """Declare everything. Raises Conflict if the broker is unreachable or refuses the user."""
    try:
        asyncio.run(_declare_as(settings))
    except ConnectionError as error:
        raise Conflict(
            "消息队列无法使用（{reason}）：请核对 LINGJUN_BROKER_URL 与 RabbitMQ 的日志。",
            code="broker-unusable",
            values={"reason": error},
        ) from error


async def _declare_as(settings: BrokerSettings) -> None:
    async with broker_call("connect"):
        connection = await aio_pika.connect(settings.broker_url)
    async with connection, connection.channel() as channel:
        await declare(connection, channel, topology(), settings.retry_delays, timedelta(days=settings.log_days))
