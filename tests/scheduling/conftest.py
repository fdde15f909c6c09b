"""Fixture: a scheduling service with the reference programme, on both databases; its handlers receive the events
directly."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlmodel import SQLModel, col, select

from services.demo.programme import CODE, programme
from services.demo.staff import Panel, panels, slots
from services.demo.teaching import TEACHERS, VENUES
from services.scheduling import actions
from services.scheduling.bus import HANDLERS
from services.scheduling.models import Plan, Teacher, Venue
from services.scheduling.queries import plans
from services.scheduling.rules.calendar import default_calendar
from services.scheduling.rules.interviews.panels import HalfDay, JudgeEntry
from services.scheduling.rules.plan import values as course
from services.scheduling.rules.plan.solver import solve_teaching_plan
from services.scheduling.settings import SchedulingSettings
from services.scheduling.states import PlanState
from services.scheduling.worker import make_jobs
from shared.adapters.keyring import KeyRing, mask_identity
from shared.context import Context
from shared.events import Event
from shared.events.intake import Programme, ProgrammePublished
from shared.events.review import ApplicationVerified, Candidate, StudentAdmitted
from shared.jobs.worker import JobWorker
from shared.persistence.models import JobRow, OutboxRow
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process
from shared.wiring.registry import SERVICES
from tests.processes import process_for, travel

START = datetime(2021, 12, 3, 1, tzinfo=UTC)
PROGRAMME = Programme.model_validate(programme())


@dataclass
class Scheduling:
    """A scheduling service: incoming events, staff actions, and the resulting rows and events."""

    process: Process
    folder: Path

    @property
    def now(self) -> datetime:
        """The current business time."""
        return self.process.clock.now()

    def travel(self, moment: datetime) -> None:
        """Move business time forward."""
        travel(self.process, moment)

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """Return a unit of work that commits at its end."""
        return self.process.database.transaction()

    def handle(self, event: Event) -> None:
        """Handle an event as the bus would."""
        with self.transaction() as uow:
            HANDLERS[type(event)](uow, event, context=Context("bus", self.now, self.process.tools))

    def act(self, action: Callable[..., Any], *arguments: Any, actor: str = "schedule01", **named: Any) -> Any:
        """Run an action in its own transaction at the current time."""
        with self.transaction() as uow:
            return action(uow, *arguments, actor=actor, now=self.now, **named)

    def ask(self, query: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Run a query."""
        with self.process.database.reader() as session:
            return query(session, *arguments, **named)

    def rows(self, model: type[SQLModel], *conditions: Any) -> list[Any]:
        """Return the rows of a table that match the conditions."""
        with self.process.database.reader() as session:
            return list(session.exec(select(model).where(*conditions)).all())

    def published(self, kind: type[Event]) -> list[Any]:
        """Return the published events of a type, in order."""
        rows = self.rows(OutboxRow)
        return [
            kind.model_validate_json(row.body)
            for row in sorted(rows, key=lambda row: row.id)
            if row.headers["cloudEvents:type"] == kind.TYPE
        ]

    def run_jobs(self) -> list[str]:
        """Execute the waiting jobs in order; return their outcomes."""
        process = self.process
        worker = JobWorker(
            process.database,
            make_jobs(process.settings),  # type: ignore[arg-type]
            service=process.service,
            clock=process.clock,
            tools=process.tools,
        )
        outcomes = []
        while due := self.rows(JobRow, col(JobRow.state) == "waiting", JobRow.attempt == 0):
            for row in sorted(due, key=lambda row: row.created_at):
                worker.execute(row.id)
                outcomes.append(self.rows(JobRow, JobRow.id == row.id)[0].outcome or "")
        return outcomes

    def candidate(self, number: int, *, mode: str = "on_site", firm: str | None = None) -> Candidate:
        """Return a fictitious person as review's events describe one."""
        keys = self.process.tools.keys
        identity, email = f"50010319780307{number:04d}", f"student{number}@example.cn"
        return Candidate(
            application_no=f"{CODE}-{number:04d}",
            name=f"学员{number:03d}",
            position="总经理",
            firm_name=f"重庆示例{number:03d}有限公司",
            credit_code=firm or f"FIRM{number:04d}",
            unit_code="500103",
            interview_mode="online" if mode == "online" else "on_site",
            identity=keys.seal("identity", CODE, identity, mask=mask_identity(identity)),
            mobile=keys.seal("contact", CODE, "+8613800138000", mask="138****8000"),
            email=keys.seal("contact", CODE, email, mask="s***@example.cn"),
        )

    def verify(self, count: int = 1, *, start: int = 1, mode: str = "on_site", firm: str | None = None) -> list[UUID]:
        """Publish ApplicationVerified for `count` people; return their application ids."""
        ids = []
        for number in range(start, start + count):
            ids.append(uuid4())
            self.handle(
                ApplicationVerified(
                    application_id=ids[-1],
                    programme=CODE,
                    verified_at=self.now + timedelta(seconds=number),
                    candidate=self.candidate(number, mode=mode, firm=firm),
                )
            )
        return ids

    def admit(self, count: int = 1, *, start: int = 1) -> list[UUID]:
        """Publish StudentAdmitted for `count` people; return their application ids by rank."""
        ids = []
        for rank in range(start, start + count):
            ids.append(uuid4())
            self.handle(
                StudentAdmitted(
                    application_id=ids[-1],
                    programme=CODE,
                    programme_version=1,
                    letter_no=f"领军培〔2021〕{rank}号",
                    rank=rank,
                    promoted=False,
                    admitted_at=self.now,
                    pay_by=PROGRAMME.pay_by,
                    candidate=self.candidate(rank),
                )
            )
        return ids

    def enter_panels(self, entries: tuple[Panel, ...] | None = None) -> None:
        """Create the demo's panels and slots."""
        for panel in entries or panels():
            judges = [JudgeEntry(one.account, one.name, one.employer_credit_code) for one in panel.judges]
            self.act(actions.define_panel, CODE, panel.code, room=panel.room, link=panel.link, judges=judges)
        half_days = [HalfDay(starts_at, ends_at) for starts_at, ends_at in slots()]
        self.act(actions.define_slots, CODE, half_days=half_days, length=timedelta(minutes=30))

    def enter_teaching(self) -> None:
        """Create the demo's teachers and venues."""
        for teacher in TEACHERS:
            self.act(
                actions.define_teacher, teacher.name, title=teacher.title, kind=teacher.kind, regions=teacher.regions
            )
        for venue in VENUES:
            self.act(
                actions.define_venue,
                venue.name,
                region=venue.region,
                kind=venue.kind,
                works_saturdays=venue.works_saturdays,
            )

    def publish_plan(self, plan: course.Plan) -> UUID:
        """Create the demo's teachers and venues, publish a plan that names them, and return its id."""
        self.enter_teaching()
        ids = {row.name: str(row.id) for row in (*self.rows(Teacher), *self.rows(Venue))}
        with self.transaction() as uow:
            row = Plan(
                id=uuid4(),
                programme=CODE,
                state=PlanState.DRAFT,
                constraints=plans.CONSTRAINTS.dump_python(plans.constraints_for(PROGRAMME), mode="json"),
                modules=plans.MODULES.dump_python(named(plan, ids).modules, mode="json"),
                made_by="schedule01",
                made_at=self.now,
            )
            uow.session.add(row)
        self.act(actions.publish_plan, row.id)
        return row.id


def named(plan: course.Plan, ids: dict[str, str]) -> course.Plan:
    """Return the plan with other ids for its teachers and venues."""
    modules = tuple(
        replace(
            module,
            sessions=tuple(
                replace(one, teacher_id=ids[one.teacher_id], venue_id=ids[one.venue_id]) for one in module.sessions
            ),
        )
        for module in plan.modules
    )
    return replace(plan, modules=modules)


@pytest.fixture(scope="session")
def plan() -> course.Plan:
    """A plan of the demo's programme whose teacher and venue ids are their names."""
    staff = tuple(
        course.Teacher(one.name, one.name, course.TeacherKind(one.kind), frozenset(one.regions)) for one in TEACHERS
    )
    places = tuple(
        course.Venue(one.name, one.name, one.region, course.VenueKind(one.kind), one.works_saturdays) for one in VENUES
    )
    calendar = default_calendar((2021, 2022))
    wanted = plans.constraints_for(PROGRAMME, home_region="重庆")
    return solve_teaching_plan(wanted, course.PlanResources(staff, places, calendar))


@pytest.fixture
def scheduling(database_url: str, tmp_path: Path) -> Iterator[Scheduling]:
    process = process_for(SchedulingSettings, database_url, tmp_path, start=START)
    KeyRing(process.settings.keys_dir, purposes=SERVICES[process.settings.SERVICE].keys).create(CODE)
    service = Scheduling(process, tmp_path)
    service.handle(ProgrammePublished(programme=PROGRAMME))
    yield service
    process.database.close()
