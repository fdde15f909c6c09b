"""Whatever goes away in the middle, the broker, the connection or the database: nothing is lost, doubled or given up."""

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
from tests.messaging.outages import Proxy, all_handled, count_effect, effects, enduring, mortal

EVENTS = 1000


@pytest.fixture(scope="module")
def mortal_broker():
    with mortal("rabbitmq") as (server, url):
        with SyncPublisher(make_transport(url, "first")):
            # RabbitMQ writes down that it has streams at all some seconds after the first; killed before, it forgets.
            time.sleep(5)
        yield server, url


@pytest.fixture(scope="module")
def mortal_database():
    with mortal("postgres") as server_and_url:
        yield server_and_url


@pytest.fixture
def installation_on(installation):
    """The same two databases on another bus."""
    return lambda url: Installation(url, installation.speaker, installation.listener, installation.tools)


def reached(installation, number: int) -> bool:
    return effects(installation) >= number


async def speak(installation, number: int) -> None:
    """Says so many events, a few at a time, for as long as the outage lasts."""
    for start in range(0, number, 20):
        await asyncio.to_thread(installation.say, *[fee_paid(fen) for fen in range(start, start + 20)])


async def dead_letters(installation) -> int:
    """How many letters wait among the dead, after all is handled."""
    dead = installation.transport(DEAD_LETTERS)
    await dead.open()
    try:
        return len(await asyncio.wait_for(dead.receive(1), 0.5))
    except TimeoutError:
        return 0
    finally:
        await dead.close()


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
def test_a_broker_that_is_killed_and_started_again_loses_and_doubles_nothing(installation_on, mortal_broker):
    broker, url = mortal_broker
    installation = installation_on(url)

    async def play():
        async with enduring(installation, count_effect):
            speaking = asyncio.create_task(speak(installation, EVENTS))
            await eventually(lambda: effects(installation) > 50)
            broker.kill()
            await broker.start()
            await speaking
            await all_handled(installation, EVENTS)
        assert await dead_letters(installation) == 0

    asyncio.run(play())


@pytest.mark.parametrize("bus_url", ["rabbitmq"], indirect=True)
def test_connections_that_are_cut_are_opened_again_and_nothing_is_lost_or_doubled(installation_on, bus_url):
    async def play():
        proxy = Proxy(bus_url)
        async with proxy.state() as url:
            installation = installation_on(url)
            async with enduring(installation, count_effect):
                speaking = asyncio.create_task(speak(installation, EVENTS))
                for seen in (1, 300, 600):
                    await eventually(partial(reached, installation, seen))
                    proxy.cut()
                await speaking
                await all_handled(installation, EVENTS)
            assert await dead_letters(installation) == 0

    asyncio.run(play())


@contextmanager
def killed_again_and_again(installation):
    """The house relays and hears in a process of its own, which has several lives."""
    urls = [database.engine.url.render_as_string(hide_password=False) for database in (installation.speaker, installation.listener)]
    command = [sys.executable, "-m", "tests.messaging.mortality", installation.bus_url, installation.queue, *urls]
    process = subprocess.Popen(command, cwd=Path(__file__).parents[2], start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("bus_url", ["embedded"], indirect=True)
def test_a_house_that_is_killed_with_its_embedded_bus_loses_and_doubles_nothing(installation):
    async def play():
        with killed_again_and_again(installation):
            await speak(installation, EVENTS)
            await all_handled(installation, EVENTS)
        assert await dead_letters(installation) == 0

    asyncio.run(play())


@pytest.mark.parametrize("database_urls", ["sqlite"], indirect=True)
def test_a_database_that_goes_away_and_comes_back_costs_no_event_a_rung_of_its_ladder(
    installation_on, bus_url, mortal_database
):
    server, url = mortal_database
    databases = []
    for _ in range(2):
        name = f"t{uuid4().hex[:8]}"
        with Database(f"{url}/postgres").engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(f"CREATE DATABASE {name}")
        upgrade(f"{url}/{name}", "shared")
        databases.append(Database(f"{url}/{name}"))
    installation = installation_on(bus_url)
    installation.speaker, installation.listener = databases

    async def play():
        async with enduring(installation, count_effect):
            await speak(installation, EVENTS)
            await eventually(lambda: effects(installation) > 50)
            server.kill()
            await asyncio.sleep(2)
            await server.start()
            await all_handled(installation, EVENTS)
        assert await dead_letters(installation) == 0

    asyncio.run(play())
    for database in databases:
        database.close()
