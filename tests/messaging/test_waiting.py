"""What waits, read from the databases at each scrape: the outbox with its age, the jobs, the dead letters."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from services.portal import actions
from services.portal.bus import make_bus
from services.portal.settings import PortalSettings
from shared.foundation.clock import SystemClock
from shared.messaging.transport import Delivery
from shared.observability.metrics import REGISTRY
from shared.persistence.database import Database
from shared.persistence.models import JobRow
from shared.persistence.schema import upgrade
from shared.runtime.waiting_metrics import export_waiting
from tests.messaging.applicant import open_listener, start_jobs
from tests.messaging.conftest import eventually, fee_paid, running
from tests.processes import process_for


@pytest.fixture
def listener(tmp_path):
    with open_listener(tmp_path) as database:
        yield database


@pytest.fixture
def speaker(database_url):
    upgrade(database_url, "shared")
    database = Database(database_url)
    yield database
    database.close()


def say(database, *events):
    with database.transaction() as uow:
        for event in events:
            uow.publish(event, now=datetime.now(UTC))


def told(name, **labels):
    """The value of a sample by now; 0 where there is none."""
    return REGISTRY.get_sample_value(name, labels) or 0


def test_the_depth_and_age_of_the_outbox_and_the_jobs_are_read_at_each_scrape(speaker):
    start_jobs(speaker, 1, uuid4())
    with export_waiting("speaker", speaker, SystemClock()):
        assert told("lingjun_outbox_events", service="speaker") == 0
        assert told("lingjun_outbox_age_seconds", service="speaker") == 0
        say(speaker, fee_paid(), fee_paid())
        assert told("lingjun_outbox_events", service="speaker") == 2
        assert told("lingjun_jobs", service="speaker", state="waiting") == 1
        with speaker.transaction() as uow:
            uow.session.exec(select(JobRow)).one().state = "failed"
        assert told("lingjun_jobs", service="speaker", state="waiting") == 0
        assert told("lingjun_jobs", service="speaker", state="failed") == 1
    assert REGISTRY.get_sample_value("lingjun_outbox_events", {"service": "speaker"}) is None


def test_the_age_is_that_of_the_oldest_row(speaker):
    say(speaker, fee_paid(), fee_paid())

    class Later(SystemClock):
        def now(self):
            return datetime.now(UTC) + timedelta(hours=1)

    with export_waiting("speaker", speaker, Later()):
        assert told("lingjun_outbox_age_seconds", service="speaker") >= 3600


def test_a_database_that_is_away_is_told_and_the_others_still_answer(speaker, listener):
    with speaker.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO away")
    with export_waiting("away", speaker, SystemClock()), export_waiting("here", listener, SystemClock()):
        assert [told("lingjun_database_up", service=one) for one in ("away", "here")] == [0, 1]
        assert REGISTRY.get_sample_value("lingjun_outbox_events", {"service": "here"}) == 0


async def while_running(work, check):
    async with running(work):
        await eventually(check)


def test_the_portals_bus_tells_how_many_dead_letters_wait(tmp_path):
    process = process_for(PortalSettings, f"sqlite:///{tmp_path / 'portal.db'}", tmp_path)
    with process.database.transaction() as uow:
        actions.note_dead_letter(uow, Delivery(None, {"cloudEvents:id": str(uuid4())}, b"{}", 0))
    bus = make_bus(process)

    async def tick():
        await asyncio.Event().wait()

    waits = while_running(
        lambda: bus.run(lambda _job_id: None, tick), lambda: told("lingjun_dead_letters", service="portal") == 1
    )
    asyncio.run(waits)
    process.database.close()
