"""Declare the exchanges and queues on RabbitMQ as the broker's owner, so that the services need no permission to
declare any.

Run `python -m shared.runtime.declare_topology` once before the services start. A repeat changes nothing.
"""

import asyncio
import sys
from datetime import timedelta

import aio_pika

from shared.messaging.topology import broker_call, declare
from shared.wiring.registry import topology
from shared.wiring.settings import BrokerSettings, read


async def _declare_as(settings: BrokerSettings) -> None:
    async with broker_call("connect"):
        connection = await aio_pika.connect(settings.broker_url)
    async with connection, connection.channel() as channel:
        await declare(connection, channel, topology(), settings.retry_delays, timedelta(days=settings.log_days))


def main() -> int:
    """Return 0 when everything is declared, else 2 after a one-line message."""
    try:
        asyncio.run(_declare_as(read(BrokerSettings)))
    except ConnectionError as error:
        sys.stderr.write(f"消息队列无法使用（{error}）：请核对 LINGJUN_BROKER_URL 与 RabbitMQ 的日志。\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
