"""Review's bus and migrations: everything that it should hear has a handler, every table a migration."""

from services.review.bus import make_bus
from services.review.models import registered
from services.review.worker import JOBS
from shared.models import plumbing
from shared.schema import differences


def test_the_bus_hears_exactly_what_the_table_of_listeners_says(review):
    assert make_bus(review.process).process is review.process


def test_the_migrations_make_the_tables_of_the_code(review):
    assert differences(review.process.settings.database_url, [plumbing.metadata, registered.metadata]) == []


def test_the_jobs_are_the_three_letters():
    assert sorted(job.NAME for job in JOBS) == [
        "write_admission_letter",
        "write_refusal_letter",
        "write_waiting_list_letter",
    ]
