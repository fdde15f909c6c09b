"""Review's bus and migrations: subscriptions have handlers, tables have migrations, and a batch locks its cases at
once."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import event

from services.review.bus import make_bus
from services.review.models import Case, registered
from services.review.worker import make_jobs
from shared.events import Event
from shared.events.envelope import Envelope, source_of
from shared.events.intake import ProgrammeRevised, StudentConsented
from shared.messaging.consumer import Consumer
from shared.messaging.transport import Delivery
from shared.persistence.models import infrastructure
from shared.persistence.schema import differences
from tests.review.stage import Review
from tests.review.submissions import case_id


def delivered(message: Event, number: int) -> Delivery:
    envelope = Envelope(
        id=uuid4(),
        type=message.TYPE,
        source=source_of(message.TYPE),
        subject=message.subject,
        sequence=number + 1,
        time=datetime.now(UTC),
        correlation_id=uuid4().hex,
        body=message.model_dump_json().encode(),
    )
    return Delivery(number, envelope.headers, envelope.body, 0)


def case_queries(review: Review, *events: Event) -> list[str]:
    """Return the SELECT statements on cases that a batch of these events runs."""
    bus, process, statements = make_bus(review.process), review.process, []

    def record(_connection, _cursor, statement, *_more):
        if statement.startswith("SELECT") and "FROM review_case" in statement:
            statements.append(statement)

    event.listen(process.database.engine, "before_cursor_execute", record)
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
        event.remove(process.database.engine, "before_cursor_execute", record)
    return statements


def consent(number: int) -> StudentConsented:
    now = datetime(2021, 11, 23, 2, tzinfo=UTC)
    return StudentConsented(application_id=case_id(number), consented_at=now, text_version="2021-11-22")


def test_a_batch_selects_all_its_cases_in_one_query_including_new_ones(review):
    events = [review.submitted(number) for number in range(3)]
    statements = case_queries(review, *events, *[consent(number) for number in range(3)])
    assert len(statements) == 1
    rows = review.rows(Case)
    assert sorted(row.id for row in rows) == sorted(case_id(number) for number in range(3))
    assert all(row.consented_at for row in rows)


def test_a_batch_with_a_revision_locks_the_programme_before_its_cases(review):
    revised = ProgrammeRevised(programme=review.programme.model_copy(update={"version": 2}))
    statements = case_queries(review, revised, review.submitted(0), review.submitted(1))
    assert len([one for one in statements if "WHERE review_case.id" in one]) == 2


def test_the_bus_handles_exactly_its_subscriptions(review):
    assert make_bus(review.process).process is review.process


def test_the_migrations_match_the_models(review):
    assert differences(review.process.settings.database_url, [infrastructure.metadata, registered.metadata]) == []


def test_there_is_one_job_per_kind_of_letter_and_one_for_its_mail(review):
    assert sorted(job.NAME for job in make_jobs(review.process.settings)) == [
        "send_letter",
        "write_admission_letter",
        "write_refusal_letter",
        "write_waiting_list_letter",
    ]
