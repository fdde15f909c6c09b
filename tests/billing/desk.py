"""Test harness of billing: handle events, take actions, run jobs, on a process with one programme."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlmodel import col, select

from services.billing import actions, queries
from services.billing.bus import HANDLERS
from services.billing.models import BankEntry, Refund, Statement
from services.billing.settings import BillingSettings
from services.billing.states import StatementState
from services.billing.worker import make_jobs, run_due
from services.demo.programme import CODE, programme
from shared.adapters.keyring import KeyRing, mask_email
from shared.context import Context
from shared.events import CONTRACTS, Event, Sealed
from shared.events.intake import (
    ApplicationSubmitted,
    Firm,
    InvoiceTitle,
    Programme,
    ProgrammePublished,
    Student,
)
from shared.events.review import Candidate, StudentAdmitted
from shared.foundation.checkdigits import payment_reference
from shared.foundation.errors import Refusal
from shared.jobs.worker import JobWorker
from shared.persistence.models import JobRow, OutboxRow
from shared.wiring.process import Process
from tests.billing.statement_files import read_statement
from tests.processes import process_for

FILED = datetime(2021, 11, 22, 2, tzinfo=UTC)
PAY_BY = datetime(2021, 12, 16, 16, tzinfo=UTC)
FINANCE, CHECKER = "finance.zhou", "checker.wu"
T = TypeVar("T")


def application_id(number: int) -> UUID:
    """Return the id of the invented application with this number."""
    return uuid5(NAMESPACE_URL, f"application {number}")


@dataclass
class Desk:
    """Billing's process with all its entry points."""

    process: Process
    folder: Path
    keys: KeyRing
    now: datetime = field(default=FILED)

    def handle(self, *events: Event) -> None:
        """Handle events, each in its own transaction."""
        for event in events:
            with self.process.database.transaction() as uow:
                HANDLERS[type(event)](uow, event, context=self.context("event"))

    def act(self, action: Callable[..., T], *arguments: Any, actor: str = FINANCE, **options: Any) -> T:
        """Take an action in a transaction."""
        with self.process.database.transaction() as uow:
            return action(uow, *arguments, actor=actor, now=self.now, **options)

    def query(self, question: Callable[..., T], *arguments: Any) -> T:
        """Run a query."""
        with self.process.database.reader() as session:
            return question(session, *arguments)

    def context(self, actor: str) -> Context:
        return Context(actor=actor, now=self.now, tools=self.process.tools)

    def tick(self, now: datetime) -> None:
        """Set business time and run the timer."""
        self.now = now
        with self.process.database.transaction() as uow:
            run_due(uow, context=self.context("timer"))

    def upload(self, content: bytes, filename: str, **options: Any) -> Statement:
        """Upload a statement file, by default without a period, no earlier than its last entry."""
        with suppress(Refusal):
            self.now = max(self.now, read_statement(content, filename=filename).entries[-1].booked_at)
        period: dict[str, Any] = {"first_day": None, "last_day": None, "programme": ""} | options
        return self.act(
            actions.upload_statement,
            content,
            filename=filename,
            files=self.process.tools.files,
            sandbox=self.process.tools.sandbox,
            **period,
        )

    def import_statement(self, content: bytes, filename: str, *, confirmed: bool = False, **options: Any) -> Statement:
        """Upload a statement file and import all of its entries."""
        row = self.upload(content, filename, **options)
        tools = self.process.tools
        self.act(
            actions.import_statement,
            row.id,
            confirmed=confirmed,
            keys=tools.keys,
            files=tools.files,
            sandbox=tools.sandbox,
        )
        while (row := self.one(Statement, row.id)).state == StatementState.IMPORTING:
            self.act(actions.match_entries, row.id)
        return row

    def run_jobs(self, **changed: Any) -> list[str]:
        """Run every waiting job, and those they enqueue; return their outcomes. `changed` overrides settings."""
        settings = BillingSettings.model_validate(self.process.settings.model_dump() | changed)
        worker = JobWorker(
            self.process.database,
            make_jobs(settings),
            service="billing",
            clock=_DeskClock(self),
            tools=self.process.tools,
        )
        outcomes = []
        while waiting := [row for row in self.rows(JobRow) if row.state == "waiting"]:
            for row in waiting:
                worker.execute(row.id)
            outcomes += [self.one(JobRow, row.id).outcome or "" for row in waiting]
        return outcomes

    def rows(self, model: type[T]) -> list[T]:
        """Return every row of a table."""
        with self.process.database.reader() as session:
            return list(session.exec(select(model)).all())

    def one(self, model: type[T], key: Any) -> T:
        """Return one row by its key."""
        with self.process.database.reader() as session:
            return session.get_one(model, key)

    def entries(self) -> list[BankEntry]:
        """Return all entries in the bank's order."""
        with self.process.database.reader() as session:
            found = select(BankEntry).order_by(col(BankEntry.booked_at), col(BankEntry.position))
            return list(session.exec(found).all())

    def published(self, kind: type[Event]) -> list[Any]:
        """Return the published events of a type, in order."""
        with self.process.database.reader() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.id))).all()
        found = [row for row in rows if row.headers["cloudEvents:type"] == kind.TYPE]
        return [CONTRACTS[kind.TYPE].model_validate_json(row.body) for row in found]

    def refunds(self) -> list[Refund]:
        """Return all refunds by number."""
        return sorted(self.rows(Refund), key=lambda refund: refund.number)

    def stats(self) -> dict[str, int]:
        """Return billing's stats, after checking the identities that must always hold."""
        found = self.query(queries.stats)
        assert found["ledger_sum_fen"] == 0
        assert found["credits_fen"] == sum(
            found[name] for name in ("applied_fen", "unapplied_fen", "unmatched_fen", "ignored_fen")
        )
        assert found["debits_fen"] == sum(
            found[name] for name in ("refunds_sent_fen", "reversals_fen", "other_debits_fen")
        )
        return found

    def submitted(self, number: int, firm: str, student: str, **changes: Any) -> ApplicationSubmitted:
        """Build ApplicationSubmitted as intake publishes it."""
        email = f"office{number}@example.cn"
        sealed = self.keys.seal("contact", CODE, email, mask=mask_email(email))
        hidden = Sealed(sealed="", index="", mask="")
        return ApplicationSubmitted(
            **{
                "application_id": application_id(number),
                "application_no": f"LJ2022-{number:04d}",
                "programme": CODE,
                "platform_no": f"P-{number}",
                "revision": 1,
                "submitted_at": FILED,
                "unit_code": "500107",
                "recommendation": "recommended",
                "interview_mode": "online",
                "payment_reference": payment_reference(220_000 + number),
                "student": Student(
                    name=student,
                    gender="female",
                    born_on=date(1980, 1, 1),
                    position="总经理",
                    role="总经理",
                    education="本科",
                    resume="",
                    identity=hidden,
                    mobile=hidden,
                    email=sealed,
                ),
                "firm": _firm(firm, changes),
                "invoice": InvoiceTitle(title=firm, tax_number="91500000MA5UXXXX0X", kind="normal"),
                "scans": (),
            }
            | changes
        )

    def admitted(self, number: int, *, pay_by: datetime = PAY_BY) -> StudentAdmitted:
        """Build StudentAdmitted as review publishes it."""
        hidden = Sealed(sealed="", index="", mask="")
        return StudentAdmitted(
            application_id=application_id(number),
            programme=CODE,
            programme_version=1,
            letter_no=f"录〔2021〕{number}号",
            rank=number,
            promoted=False,
            admitted_at=datetime(2021, 12, 9, 9, tzinfo=UTC),
            pay_by=pay_by,
            candidate=Candidate(
                application_no=f"LJ2022-{number:04d}",
                name="",
                position="",
                firm_name="",
                credit_code="",
                unit_code="500107",
                interview_mode="online",
                identity=hidden,
                mobile=hidden,
                email=hidden,
            ),
        )


def _firm(name: str, changes: dict[str, Any]) -> Firm:
    """Build a firm of that name. Former name and credit code are taken out of `changes`."""
    return Firm(
        name=name,
        former_name=changes.pop("former_name", None),
        credit_code=changes.pop("credit_code", f"CODE OF {name}"),
        address="",
        legal_representative="",
        founded_on=date(2010, 1, 1),
        scale="",
        ownership="",
        industry="",
        main_product="",
        tier="",
        tier_year=None,
        revenue_fen=(),
        research_fen=(),
        employees=1,
    )


class _DeskClock:
    """A clock that returns the desk's time."""

    travels = True

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def now(self) -> datetime:
        return self._desk.now


def open_desk(database_url: str, folder: Path) -> Desk:
    """Open a desk that has handled the reference programme, and create the programme's keys."""
    process = process_for(BillingSettings, database_url, folder)
    keys = KeyRing(process.settings.keys_dir, purposes=("bank", "contact"))
    keys.create(CODE)
    desk = Desk(process, folder, keys)
    desk.handle(ProgrammePublished(programme=Programme.model_validate(programme())))
    return desk
