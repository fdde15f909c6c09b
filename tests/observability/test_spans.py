"""The spans that a trace store receives over OTLP from processes on PostgreSQL, RabbitMQ and SMTP: names, kinds and
attributes by OpenTelemetry's semantic conventions, and no personal data."""

from dataclasses import dataclass
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from pkgutil import iter_modules
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from opentelemetry.semconv import attributes as stable
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.demo.programme import programme
from services.intake import actions
from services.intake.settings import IntakeSettings
from shared.adapters.mail import MailRefused, make_mailer
from shared.events.intake import Programme
from shared.observability import telemetry
from shared.persistence.database import Database
from shared.persistence.sql_spans import summary
from shared.runtime.serve import setup_observability
from shared.wiring.settings import embedded
from tests.messaging.applicant import open_subscriber, personal_data
from tests.messaging.test_telemetry import EVENT, play
from tests.observability.receiver import Received, receiving
from tests.processes import START, process_for
from tests.servers import postgres
from tests.servers.address import Address
from tests.shared.test_mail import MAIL, Handler, serving

SENT_TO = f"lingjun.events:{EVENT}"
RECEIVED_FROM = f"{SENT_TO}:lingjun.review"
POST = "POST /intake/api/applications"
# There is no convention for what a process of a service does.
OURS = {"lingjun.process.role"}


@dataclass(frozen=True)
class Story:
    """What arrived while an application was posted, its event relayed and handled, and its mail sent."""

    spans: list[Received]
    bodies: list[bytes]
    broker: tuple[str | None, int | None]
    database: tuple[str | None, int | None, str]
    smtp: tuple[str, int]

    def named(self, name: str) -> list[Received]:
        """Return the spans of that name, oldest first."""
        return sorted((span for span in self.spans if span.name == name), key=lambda span: span.start)

    def of_the_post(self) -> list[Received]:
        """Return the spans of the trace that the application began."""
        (post,) = self.named(POST)
        return [span for span in self.spans if span.trace_id == post.trace_id]


def settings(folder: Path, **values: str) -> IntakeSettings:
    """Return the settings of a process of intake."""
    return IntakeSettings(**embedded(folder, "intake", public_url="", clock="system") | values)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, rabbitmq_url: str, postgres_server: Address) -> Story:
    folder = tmp_path_factory.mktemp("spans")
    with (
        receiving() as receiver,
        serving(Handler(), folder, tls="none") as smtp,
        postgres.database(postgres_server, f"spans_{uuid4().hex[:12]}") as database_url,
        open_subscriber(folder) as subscriber,
    ):
        mail_url = f"smtp://{smtp}/?from=training@example.cn&starttls=no"
        setup_observability(settings(folder, broker_url=rabbitmq_url, otlp_endpoint=receiver.address), "web")
        intake = process_for(IntakeSettings, database_url, folder, broker_url=rabbitmq_url, mail_url=mail_url)
        with intake.database.transaction() as uow:
            content = Programme.model_validate(programme())
            actions.publish_programme(uow, content, actor="test", now=START, keys=intake.tools.keys)
        play(rabbitmq_url, intake, subscriber)
        receiver.wait_for(f"publish {SENT_TO}")
        spans = receiver.wait_for("process job.open_file")
        intake.database.close()
    broker, database = urlsplit(rabbitmq_url), urlsplit(database_url)
    host, port = smtp.split(":")
    return Story(
        spans,
        receiver.bodies,
        (broker.hostname, broker.port),
        (database.hostname, database.port, database.path.removeprefix("/")),
        (host, int(port)),
    )


def conventional() -> set[str]:
    """Return every attribute name of the installed semantic conventions."""
    packages = (stable, import_module("opentelemetry.semconv._incubating.attributes"))
    modules = [
        import_module(module.name)
        for package in packages
        for module in iter_modules(package.__path__, f"{package.__name__}.")
    ]
    return {
        value for module in modules for name, value in vars(module).items() if name.isupper() and value == str(value)
    }


def test_every_attribute_is_one_of_the_conventions(story: Story) -> None:
    used = {name for span in story.spans for name in (*span.attributes, *span.resource)}
    assert {"messaging.system", "db.query.summary", "http.route"} <= used
    assert used - conventional() == OURS


def test_an_event_is_created_waits_in_the_outbox_is_published_and_processed(story: Story) -> None:
    (create,), (wait,) = story.named(f"create {SENT_TO}"), story.named("outbox")
    (publish,), (process,) = story.named(f"publish {SENT_TO}"), story.named(f"process {RECEIVED_FROM}")
    assert [span.kind for span in (create, wait, publish, process)] == ["PRODUCER", "INTERNAL", "CLIENT", "CONSUMER"]
    assert {span.parent_id for span in (wait, publish, process)} == {create.span_id}
    for earlier, later in pairwise((create.start, wait.start, wait.end, publish.end)):
        assert earlier <= later
    assert wait.end == publish.start


@pytest.mark.parametrize(
    ("name", "operation", "kind", "destination"),
    [
        (f"create {SENT_TO}", "create", "create", SENT_TO),
        (f"publish {SENT_TO}", "publish", "send", SENT_TO),
        (f"process {RECEIVED_FROM}", "process", "process", RECEIVED_FROM),
    ],
)
def test_messages_name_the_broker_the_operation_and_the_destination(
    story: Story, name: str, operation: str, kind: str, destination: str
) -> None:
    (span,) = story.named(name)
    identity = span.attributes["cloudevents.event_id"]
    assert UUID(identity).version == 4
    assert span.attributes == {
        "messaging.system": "rabbitmq",
        "messaging.operation.name": operation,
        "messaging.operation.type": kind,
        "messaging.destination.name": destination,
        "messaging.rabbitmq.destination.routing_key": EVENT,
        "messaging.message.id": identity,
        "cloudevents.event_id": identity,
        "cloudevents.event_type": EVENT,
        "server.address": story.broker[0],
        "server.port": story.broker[1],
    }


def test_a_statement_has_its_operation_and_table_and_neither_text_nor_parameters(story: Story) -> None:
    statements = [span for span in story.of_the_post() if "db.system.name" in span.attributes]
    host, port, database = story.database
    by_name = {span.name: span for span in statements}
    assert by_name["SELECT programme"].kind == "CLIENT"
    assert by_name["SELECT programme"].attributes == {
        "db.system.name": "postgresql",
        "db.namespace": database,
        "db.operation.name": "SELECT",
        "db.collection.name": "programme",
        "db.query.summary": "SELECT programme",
        "server.address": host,
        "server.port": port,
    }
    assert {name for span in statements for name in span.attributes} & {"db.query.text", "db.statement"} == set()


def test_a_statement_outside_of_a_span_has_none(story: Story) -> None:
    # The relay polls the outbox many times.
    assert [span.name for span in story.spans if "db.system.name" in span.attributes and not span.parent_id] == []


def test_a_mail_has_the_span_of_its_server_and_no_address(story: Story) -> None:
    (mail,) = story.named("SMTP")
    (job,) = story.named("process job.send_consent_request")
    assert (mail.kind, mail.parent_id, mail.failed) == ("CLIENT", job.span_id, False)
    host, port = story.smtp
    assert mail.attributes == {"network.protocol.name": "smtp", "server.address": host, "server.port": port}


def test_nothing_that_is_exported_is_personal(story: Story) -> None:
    assert story.bodies
    for value in personal_data():
        assert [body for body in story.bodies if value.encode() in body] == []


@pytest.mark.parametrize(
    ("statement", "operation", "tables"),
    [
        ("SELECT job.id FROM job WHERE job.id = %(id)s FOR UPDATE SKIP LOCKED", "SELECT", ("job",)),
        (
            "WITH a AS (INSERT INTO audit (id) SELECT 1) INSERT INTO outbox (id) VALUES (1)",
            "INSERT",
            ("audit", "outbox"),
        ),
        ('SELECT 1 FROM (SELECT 2 FROM "case") AS x JOIN seat ON true', "SELECT", ("case", "seat")),
        ("INSERT INTO job (id) VALUES (1) ON CONFLICT DO UPDATE SET id = 2", "INSERT", ("job",)),
        ("SELECT * FROM json_to_recordset(%(rows)s)", "SELECT", ()),
        ("BEGIN IMMEDIATE", "BEGIN", ()),
    ],
)
def test_the_summary_of_a_statement_names_what_it_does_to_which_tables(
    statement: str, operation: str, tables: tuple[str, ...]
) -> None:
    assert summary(statement) == (operation, tables)


def test_a_failed_statement_or_mail_is_recorded_by_its_class_only(tmp_path: Path, database_url: str) -> None:
    with receiving() as receiver, serving(Handler(rcpt="550 no {address} here"), tmp_path, tls="none") as smtp:
        setup_observability(settings(tmp_path, otlp_endpoint=receiver.address), "worker")
        database = Database(database_url)
        with telemetry.working("intake", "send", UUID(int=1), ""):
            with pytest.raises(DBAPIError), database.reader() as session:
                session.execute(text("SELECT name FROM absent WHERE name = '王小明'"))
            with pytest.raises(MailRefused):
                make_mailer(f"smtp://{smtp}/?from=training@example.cn&starttls=no").send(MAIL)
        spans = {span.name: span for span in receiver.wait_for("process job.send")}
        database.close()
    errors = {name: (span.failed, span.attributes.get("error.type")) for name, span in spans.items()}
    assert errors["SELECT absent"] == (True, "OperationalError" if "sqlite" in database_url else "UndefinedTable")
    assert errors["SMTP"] == (True, "SMTPRecipientsRefused")
    assert errors["process job.send"] == (False, None)
    assert [body for body in receiver.bodies if "王小明".encode() in body or MAIL.to.encode() in body] == []


def test_without_tracing_no_event_of_a_statement_is_handled(database_url: str) -> None:
    database = Database(database_url)
    traced = [
        name
        for name in ("before_cursor_execute", "after_cursor_execute")
        if list(getattr(database.engine.dispatch, name))
    ]
    assert traced == []
    database.close()
