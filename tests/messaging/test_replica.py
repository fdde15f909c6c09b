"""A PostgreSQL that answers but takes no write, as after a switchover: events and jobs wait for a primary, without an attempt
less, and go on without a restart."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import make_url, text

from shared.foundation.clock import SystemClock
from shared.jobs.job import enqueue
from shared.jobs.worker import JobWorker
from shared.messaging.transport import DEAD_LETTERS
from shared.observability.metrics import WAITING_FOR_DATABASE
from shared.persistence.database import Database
from tests.messaging.conftest import RETRY_DELAYS, Installation, eventually, fee_paid
from tests.messaging.outages import all_handled, count_effect, effects
from tests.messaging.test_failed_jobs import PrintBadge, row_of

EVENTS = 20


@contextmanager
def demoted(database: Database) -> Iterator[None]:
    """Let the database refuse every write inside the block, in open sessions too, and take them again afterwards."""
    name = make_url(database.url).database
    other = Database(database.url)
    statements = (
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid()",
    )
    with other.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for statement in statements:
            connection.execute(text(statement))
        yield
        connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    other.close()


@pytest.fixture
def database_urls(postgres_url: Callable[[str], str]) -> list[str]:
    """Two empty databases of PostgreSQL: SQLite has no replica."""
    return [postgres_url(name) for name in ("publisher", "subscriber")]


def test_events_wait_for_a_primary_and_lose_no_attempt(installation: Installation) -> None:
    async def scenario() -> None:
        async with installation.relaying(), installation.consuming(count_effect):
            installation.publish(fee_paid())
            await all_handled(installation, 1)
            with demoted(installation.subscriber):
                installation.publish(*(fee_paid() for _ in range(EVENTS)))
                await eventually(lambda: WAITING_FOR_DATABASE.labels("")._value.get() > 0)
                await asyncio.sleep(3 * sum(delay.total_seconds() for delay in RETRY_DELAYS) + 1)
                assert effects(installation) == 1
            await all_handled(installation, EVENTS + 1)
        dead = installation.transport(DEAD_LETTERS)
        await dead.open()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(dead.receive(1), 0.5)
        await dead.close()

    asyncio.run(scenario())


def test_a_job_waits_for_a_primary_and_loses_no_attempt(installation: Installation) -> None:
    async def scenario() -> None:
        printed: list[int] = []
        demotion = demoted(installation.publisher)

        def work(uow, job, *, context):
            if not printed:
                demotion.__enter__()
            printed.append(job.number)
            count_effect(uow, fee_paid(), context=context)
            uow.session.flush()
            return "printed"

        worker = JobWorker(
            installation.publisher, {PrintBadge: work}, service="test", clock=SystemClock(), tools=installation.tools
        )
        with installation.publisher.transaction() as uow:
            job_id = enqueue(uow, PrintBadge(number=7))
        running = asyncio.create_task(asyncio.to_thread(worker.execute, job_id))
        await eventually(lambda: len(printed) == 1)
        await asyncio.sleep(1)
        assert not running.done()
        demotion.__exit__(None, None, None)
        await running
        row = row_of(installation, job_id)
        assert (row.state, row.attempt) == ("waiting", 0)
        worker.execute(job_id)
        row = row_of(installation, job_id)
        assert (row.state, row.attempt, printed) == ("done", 1, [7, 7])

    asyncio.run(scenario())
