"""Outages of the broker, the connection or the database in the middle of work lose, repeat and dead-letter nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from shared.messaging.sync_publisher import SyncPublisher
from shared.messaging.transport import DEAD_LETTERS
from shared.persistence.database import Database
from shared.persistence.schema import upgrade
from shared.wiring.process import make_transport
from tests.messaging.conftest import Installation, eventually, fee_paid
from tests.messaging.outages import Proxy, all_handled, count_effect, effects, killable_server, reconnecting

EVENTS = 1000


@pytest.fixture(scope="module")
def killable_broker():
    with killable_server("rabbitmq") as (server, url):
        with SyncPublisher(make_transport(url, "first")):
            # RabbitMQ persists the existence of streams some seconds after the first one; a kill before that loses it.
            time.sleep(5)
        yield server, url


@pytest.fixture(scope="module")
def killable_database():
    with killable_server("postgres") as server_and_url:
        yield server_and_url


@pytest.fixture
def installation_on(installation):
    """Return a function that puts the same two databases on another bus."""
    return lambda url: Installation(url, installation.publisher, installation.subscriber, installation.tools)


def reached(installation, number: int) -> bool:
    return effects(installation) >= number


async def publish_events(installation, number: int) -> None:
    """Publish `number` events, twenty at a time, while the outage lasts."""
    for start in range(0, number, 20):
        await asyncio.to_thread(installation.publish, *[fee_paid(fen) for fen in range(start, start + 20)])


async def dead_letters(installation) -> int:
    """Return the number of dead letters, after all events are handled."""
    dead = installation.transport(DEAD_LETTERS)
    await dead.open()
    try:
        return len(await asyncio.wait_for(dead.receive(1), 0.5))
    except TimeoutError:
        return 0
    finally:
        await dead.close()


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
def test_a_broker_crash_and_restart_lose_and_repeat_nothing(installation_on, killable_broker):
    broker, url = killable_broker
    installation = installation_on(url)

    async def play():
        async with reconnecting(installation, count_effect):
            publishing = asyncio.create_task(publish_events(installation, EVENTS))
            await eventually(lambda: effects(installation) > 50)
            broker.kill()
            await broker.start()
            await publishing
            await all_handled(installation, EVENTS)
        assert await dead_letters(installation) == 0

    asyncio.run(play())


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
def test_cut_connections_are_reopened_without_loss_or_repeat(installation_on, bus_url):
    async def play():
        proxy = Proxy(bus_url)
        async with proxy.listening() as url:
            installation = installation_on(url)
            async with reconnecting(installation, count_effect):
                publishing = asyncio.create_task(publish_events(installation, EVENTS))
                for seen in (1, 300, 600):
                    await eventually(partial(reached, installation, seen))
                    proxy.cut()
                await publishing
                await all_handled(installation, EVENTS)
            assert await dead_letters(installation) == 0

    asyncio.run(play())


@contextmanager
def repeatedly_killed(installation):
    """Relay and consume in another process, which is killed and restarted several times."""
    urls = [
        database.engine.url.render_as_string(hide_password=False)
        for database in (installation.publisher, installation.subscriber)
    ]
    command = [sys.executable, "-m", "tests.messaging.mortality", installation.bus_url, installation.queue, *urls]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("bus_url", ["embedded"], indirect=True)
def test_killing_the_process_of_the_embedded_bus_loses_and_repeats_nothing(installation):
    async def play():
        with repeatedly_killed(installation):
            await publish_events(installation, EVENTS)
            await all_handled(installation, EVENTS)
        assert await dead_letters(installation) == 0

    asyncio.run(play())


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_database_outage_costs_no_event_a_retry_attempt(installation_on, bus_url, killable_database):
    server, url = killable_database
    databases = []
    for _ in range(2):
        name = f"t{uuid4().hex[:8]}"
        with Database(f"{url}/postgres").engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(f"CREATE DATABASE {name}")
        upgrade(f"{url}/{name}", "shared")
        databases.append(Database(f"{url}/{name}"))
    installation = installation_on(bus_url)
    installation.publisher, installation.subscriber = databases

    async def play():
        async with reconnecting(installation, count_effect):
            await publish_events(installation, EVENTS)
            await eventually(lambda: effects(installation) > 50)
            server.kill()
            await asyncio.sleep(2)
            await server.start()
            await all_handled(installation, EVENTS)
        assert await dead_letters(installation) == 0

    asyncio.run(play())
    for database in databases:
        database.close()
