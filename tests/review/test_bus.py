"""Review's bus and migrations: everything that it should hear has a handler, every table a migration, and a batch locks its
cases at once.
"""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import event

from services.review.bus import make_bus
from services.review.models import Case, registered
from services.review.worker import JOBS
from shared.events import Event
from shared.events.envelope import Envelope, source_of
from shared.events.intake import ProgrammeRevised, StudentConsented
from shared.messaging.consumer import Consumer
from shared.messaging.transport import Delivery
from shared.persistence.models import infrastructure
from shared.persistence.schema import differences
from tests.review.stage import Review, case_id


def delivered(said: Event, number: int) -> Delivery:
    envelope = Envelope(
        id=uuid4(),
        type=said.TYPE,
        source=source_of(said.TYPE),
        subject=said.subject,
        sequence=number + 1,
        time=datetime.now(UTC),
        correlation_id=uuid4().hex,
        body=said.model_dump_json().encode(),
    )
    return Delivery(number, envelope.headers, envelope.body, 0)


def cases_asked_for(review: Review, *events: Event) -> list[str]:
    """The questions for cases that a batch of these events takes."""
    bus, process, asked = make_bus(review.process), review.process, []

    def note(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT") and "FROM review_case" in statement:
            asked.append(statement)

    event.listen(process.database.engine, "before_cursor_execute", note)
    try:
        consumer = Consumer(
            process.database,
            process.transport(),
            bus.handlers,
            clock=process.clock,
            tools=process.tools,
            subjects=bus.subjects,
        )
        consumer.handle([delivered(one, number) for number, one in enumerate(events)])
    finally:
        event.remove(process.database.engine, "before_cursor_execute", note)
    return asked


def consent(number: int) -> StudentConsented:
    now = datetime(2021, 11, 23, 2, tzinfo=UTC)
    return StudentConsented(application_id=case_id(number), consented_at=now, text_version="2021-11-22")


def test_a_batch_asks_for_all_its_cases_in_one_question_those_that_it_opens_too(review):
    events = [review.submitted(number) for number in range(3)]
    asked = cases_asked_for(review, *events, *[consent(number) for number in range(3)])
    assert len(asked) == 1
    rows = review.rows(Case)
    assert sorted(row.id for row in rows) == sorted(case_id(number) for number in range(3))
    assert all(row.consented_at for row in rows)


def test_a_batch_with_a_revision_locks_in_its_own_order_because_a_programme_goes_before_its_cases(review):
    revised = ProgrammeRevised(programme=review.programme.model_copy(update={"version": 2}))
    asked = cases_asked_for(review, revised, review.submitted(0), review.submitted(1))
    assert len([one for one in asked if "WHERE review_case.id" in one]) == 2


def test_the_bus_hears_exactly_what_the_table_of_listeners_says(review):
    assert make_bus(review.process).process is review.process


def test_the_migrations_make_the_tables_of_the_code(review):
    assert differences(review.process.settings.database_url, [infrastructure.metadata, registered.metadata]) == []


def test_the_jobs_are_the_three_letters():
    assert sorted(job.NAME for job in JOBS) == [
        "write_admission_letter",
        "write_refusal_letter",
        "write_waiting_list_letter",
    ]
