"""Metrics of waiting rows, read from the databases at each scrape: outbox and its age, jobs, dead letters."""

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
from tests.messaging.applicant import open_subscriber, start_jobs
from tests.messaging.conftest import eventually, fee_paid, running
from tests.processes import process_for


@pytest.fixture
def subscriber(tmp_path):
    with open_subscriber(tmp_path) as database:
        yield database


@pytest.fixture
def publisher(database_url):
    upgrade(database_url, "shared")
    database = Database(database_url)
    yield database
    database.close()


def publish(database, *events):
    with database.transaction() as uow:
        for event in events:
            uow.publish(event, now=datetime.now(UTC))


def sample_value(name, **labels):
    """Return the current value of a sample; 0 if there is none."""
    return REGISTRY.get_sample_value(name, labels) or 0


def test_outbox_and_job_counts_are_read_at_each_scrape(publisher):
    start_jobs(publisher, 1, uuid4())
    with export_waiting("publisher", publisher, SystemClock()):
        assert sample_value("lingjun_outbox_events", service="publisher") == 0
        assert sample_value("lingjun_outbox_age_seconds", service="publisher") == 0
        publish(publisher, fee_paid(), fee_paid())
        assert sample_value("lingjun_outbox_events", service="publisher") == 2
        assert sample_value("lingjun_jobs", service="publisher", state="waiting") == 1
        with publisher.transaction() as uow:
            uow.session.exec(select(JobRow)).one().state = "failed"
        assert sample_value("lingjun_jobs", service="publisher", state="waiting") == 0
        assert sample_value("lingjun_jobs", service="publisher", state="failed") == 1
    assert REGISTRY.get_sample_value("lingjun_outbox_events", {"service": "publisher"}) is None


def test_the_outbox_age_is_that_of_the_oldest_row(publisher):
    publish(publisher, fee_paid(), fee_paid())

    class Later(SystemClock):
        def now(self):
            return datetime.now(UTC) + timedelta(hours=1)

    with export_waiting("publisher", publisher, Later()):
        assert sample_value("lingjun_outbox_age_seconds", service="publisher") >= 3600


def test_an_unreachable_database_is_reported_and_the_others_still_answer(publisher, subscriber):
    with publisher.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE outbox RENAME TO away")
    with export_waiting("away", publisher, SystemClock()), export_waiting("here", subscriber, SystemClock()):
        assert [sample_value("lingjun_database_up", service=service) for service in ("away", "here")] == [0, 1]
        assert REGISTRY.get_sample_value("lingjun_outbox_events", {"service": "here"}) == 0


async def while_running(work, check):
    async with running(work):
        await eventually(check)


def test_the_portal_bus_exports_the_number_of_waiting_dead_letters(tmp_path):
    process = process_for(PortalSettings, f"sqlite:///{tmp_path / 'portal.db'}", tmp_path)
    with process.database.transaction() as uow:
        actions.note_dead_letter(uow, Delivery(None, {"cloudEvents:id": str(uuid4())}, b"{}", 0))
    bus = make_bus(process)

    async def tick():
        await asyncio.Event().wait()

    scenario = while_running(
        lambda: bus.run(lambda _job_id: None, tick), lambda: sample_value("lingjun_dead_letters", service="portal") == 1
    )
    asyncio.run(scenario)
    process.database.close()
