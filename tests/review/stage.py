"""Driver for a review service: delivers events and runs actions. Used by conftest.py and the tests."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlmodel import Session, SQLModel, col, select

from services.demo.programme import CODE, programme
from services.review import actions, queries
from services.review.bus import HANDLERS
from services.review.models import Case, RankedCase, Seat, WorkItem
from services.review.rules.checklist import Check
from services.review.states import Verdict, WorkKind
from services.review.worker import make_jobs
from shared.adapters.keyring import KeyRing
from shared.context import Context
from shared.events import CONTRACTS, Event
from shared.events.billing import FeeOverdue, FeePaid
from shared.events.intake import (
    ApplicationSubmitted,
    ApplicationWithdrawn,
    Programme,
    ProgrammePublished,
    StudentConsented,
)
from shared.events.scheduling import InterviewScheduled, PanelJudge
from shared.jobs.worker import JobWorker
from shared.persistence.models import JobRow, OutboxRow
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process
from tests.processes import travel
from tests.review.sheets import sheet
from tests.review.submissions import case_id, submission

FREEZE = datetime(2021, 12, 9, 1, tzinfo=UTC)
RELEASE = datetime(2021, 12, 9, 2, tzinfo=UTC)
AFTER_PAY_BY = datetime(2021, 12, 18, 2, tzinfo=UTC)
INTERVIEW = datetime(2021, 12, 6, 1, tzinfo=UTC)
JUDGES = tuple(PanelJudge(account=f"judge0{number}", name=f"评委{number}") for number in range(1, 6))
GOOD = {kind: Check(Verdict.PASSED, True) for kind in ("form", "licence", "identity")}


@dataclass
class Review:
    """A review service: incoming events, staff actions, and the resulting rows and events."""

    process: Process
    folder: Path
    programme: Programme = field(default_factory=lambda: Programme.model_validate(programme()))
    _uow: UnitOfWork | None = None

    def __post_init__(self) -> None:
        KeyRing(self.process.settings.keys_dir, purposes=("identity", "contact", "bank", "scan")).create(CODE)

    @property
    def now(self) -> datetime:
        return self.process.clock.now()

    def travel(self, moment: datetime) -> None:
        travel(self.process, moment)

    # Incoming events.

    def publish_programme(self, **changes: Any) -> None:
        """Publish the notice's programme, with changes."""
        self.programme = Programme.model_validate(programme() | changes)
        self.handle(ProgrammePublished(programme=self.programme))

    @contextmanager
    def together(self) -> Iterator[UnitOfWork]:
        """Run the events and actions inside in one transaction; otherwise each has its own."""
        if self._uow is not None:
            yield self._uow
            return
        with self.process.database.transaction() as self._uow:
            try:
                yield self._uow
            finally:
                self._uow = None

    def handle(self, event: Event) -> None:
        """Handle one event."""
        context = Context(actor=f"event:{event.TYPE}", now=self.now, tools=self.process.tools)
        with self.together() as uow:
            HANDLERS[type(event)](uow, event, context=context)

    def submitted(
        self, number: int, *, kind: type[ApplicationSubmitted] = ApplicationSubmitted, **changes: Any
    ) -> ApplicationSubmitted:
        """Return the submission event of an application of the cohort."""
        return submission(self.process, number, kind=kind, **changes)

    def arrive(self, *numbers: int) -> None:
        """Submit applications, with their students' consent."""
        for number in numbers:
            self.handle(self.submitted(number))
            self.handle(
                StudentConsented(application_id=case_id(number), consented_at=self.now, text_version="2021-11-22")
            )

    def withdraw(self, number: int) -> None:
        self.handle(ApplicationWithdrawn(application_id=case_id(number), withdrawn_at=self.now, reason="企业排产紧张"))

    def paid(self, number: int, at: datetime) -> None:
        event = FeePaid(application_id=case_id(number), programme=CODE, paid_fen=2_500_000, paid_at=at)
        self.handle(event)

    def overdue(self, number: int) -> None:
        seat = self.row(Seat, case_id(number))
        assert seat.pay_by is not None
        event = FeeOverdue(
            application_id=seat.case_id, programme=CODE, paid_fen=0, pay_by=seat.pay_by, covered_until=self.now
        )
        self.handle(event)

    # Staff actions.

    def act(self, action: Callable[..., Any], *arguments: Any, actor: str = "review01", **more: Any) -> Any:
        """Run an action at the current time."""
        with self.together() as uow:
            return action(uow, *arguments, actor=actor, now=self.now, **more)

    def verify(self, *numbers: int) -> None:
        """Check the scans and pass the cases."""
        for number in numbers:
            self.act(actions.check_scans, case_id(number), GOOD)
            self.act(actions.pass_authenticity, case_id(number))

    def scheduled(
        self, number: int, judges: Sequence[PanelJudge] = JUDGES, *, starts_at: datetime = INTERVIEW
    ) -> InterviewScheduled:
        """Return the event of a booked interview."""
        return InterviewScheduled(
            application_id=case_id(number),
            programme=CODE,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            mode="on_site",
            place="三楼面试室1",
            panel="第1组",
            judges=tuple(judges),
        )

    def book(self, number: int, judges: Sequence[PanelJudge] = JUDGES) -> None:
        """Book an interview and travel to its time."""
        self.handle(self.scheduled(number, judges))
        self.travel(max(self.now, INTERVIEW))

    def judge(self, number: int, *totals: int) -> None:
        """Record the panel's sheets, in whole points of 100, one per judge."""
        for judge, total in zip(JUDGES, totals, strict=False):
            self.act(
                actions.record_score_sheet, case_id(number), sheet(total), judge=judge.account, actor=judge.account
            )

    def desk(self, number: int, firm: int = 20, materials: int = 15) -> None:
        self.act(actions.score_materials, case_id(number), firm_points=firm * 100, materials_points=materials * 100)

    def ready(self, *totals: int) -> None:
        """Pass and score applications 0, 1, … with these interview totals from all five judges."""
        with self.together():
            for number, total in enumerate(totals):
                self.arrive(number)
                self.verify(number)
                self.book(number)
                self.judge(number, *[total] * 5)
                self.desk(number)

    def released(self, *totals: int) -> None:
        """Do `ready`, then freeze and release the ranking on 9 December."""
        self.ready(*totals)
        self.travel(FREEZE)
        self.act(actions.freeze_ranking, CODE, actor="secretary")
        self.travel(RELEASE)
        self.act(actions.release_ranking, CODE, actor="chair")

    def lapse(self, number: int) -> None:
        """Let a fee become overdue, and confirm the lapse of the seat that this proposes."""
        self.overdue(number)
        [item] = [item for item in self.items(WorkKind.LAPSE_PROPOSED) if item.case_id == case_id(number)]
        self.act(actions.confirm_lapse, item.id, actor="chair")

    def promote(self, number: int, actor: str = "chair") -> None:
        self.act(actions.confirm_promotion, case_id(number), actor=actor)

    # Rows and published events.

    def rows(self, model: type[SQLModel]) -> list[Any]:
        with self.process.database.reader() as session:
            return list(session.exec(select(model)).all())

    def row(self, model: type[Any], key: Any) -> Any:
        with self.process.database.reader() as session:
            return session.get_one(model, key)

    def case(self, number: int) -> Case:
        found: Case = self.row(Case, case_id(number))
        return found

    def seats(self) -> dict[int, str]:
        """Map position in the cohort to the seat's state."""
        return {number: row.state for number in range(20) for row in self.rows(Seat) if row.case_id == case_id(number)}

    def ranks(self) -> list[int]:
        """Return the ranking as positions in the cohort, best first."""
        by_id = {case_id(number): number for number in range(20)}
        return [by_id[row.case_id] for row in sorted(self.rows(RankedCase), key=lambda row: row.rank)]

    def published(self, kind: type[Event], number: int | None = None) -> list[Any]:
        """Return the published events of a type, oldest first, of one application or all."""
        with self.process.database.reader() as session:
            rows = session.exec(select(OutboxRow).order_by(col(OutboxRow.id))).all()
        bodies = [row for row in rows if row.headers["cloudEvents:type"] == kind.TYPE]
        events = [CONTRACTS[kind.TYPE].model_validate_json(row.body) for row in bodies]
        return [event for event in events if number is None or event.subject == str(case_id(number))]

    def promotions_due(self) -> list[UUID]:
        with self.reading() as session:
            return [one.case_id for one in queries.promotions_due(session, CODE)]

    def items(self, kind: WorkKind) -> list[WorkItem]:
        return [row for row in self.rows(WorkItem) if row.kind == kind and row.closed_at is None]

    def run_jobs(self) -> None:
        """Execute every waiting job once, as the worker would, and the jobs that these enqueue."""
        worker = JobWorker(
            self.process.database,
            make_jobs(self.process.settings),  # type: ignore[arg-type]
            service="review",
            clock=self.process.clock,
            tools=self.process.tools,
        )
        executed: set[UUID] = set()
        while fresh := {row.id for row in self.rows(JobRow)} - executed:
            for job_id in fresh:
                worker.execute(job_id)
            executed |= fresh

    def rerun_jobs(self) -> None:
        """Execute every job again, as after a crash before its end was committed."""
        with self.process.database.transaction() as uow:
            for row in uow.session.exec(select(JobRow)).all():
                row.state = "waiting"
        self.run_jobs()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.process.database.reader() as session:
            yield session
