"""The services of a world: real relay, consumer, dispatcher, worker and timer; simulated bus, database and mail."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import UUID

import fakeredis

from services.billing.settings import BillingSettings
from services.intake.settings import IntakeSettings
from services.portal.settings import PortalSettings
from services.review.settings import ReviewSettings
from services.scheduling.settings import SchedulingSettings
from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import Mail
from shared.context import Tools
from shared.jobs.dispatcher import Dispatcher
from shared.jobs.job import JobFunctions, requeue_failed
from shared.jobs.timer import Timer
from shared.jobs.worker import JobWorker
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.persistence.database import Database
from shared.persistence.schema import upgrade
from shared.persistence.unit_of_work import UnitOfWork
from shared.runtime.bus import Bus
from shared.sandbox import Sandbox
from shared.wiring.process import Process
from shared.wiring.registry import SERVICES
from shared.wiring.settings import Settings, embedded
from tests.simulation.bus import SimulatedBus, SimulatedTransport
from tests.simulation.faults import Crash, Faults
from tests.simulation.stepping import SteppedLoop

KINDS: dict[str, type[Settings]] = {
    kind.SERVICE: kind for kind in (PortalSettings, IntakeSettings, ReviewSettings, SchedulingSettings, BillingSettings)
}


@cache
def _template(service: str) -> Path:
    """Return an empty, fully migrated database, created once per process."""
    path = Path(mkdtemp(prefix="lingjun-simulation-")) / f"{service}.db"
    upgrade(f"sqlite:///{path}", service)
    return path


class SimulatedDatabase(Database):
    """An in-memory copy of the template that may crash before or after each commit.

    Successive worlds share one object, because its engine has compiled and cached all statements by the second world.
    """

    def __init__(self, service: str) -> None:
        name = f"file:simulated-{service}?mode=memory&cache=shared"
        self._connection = sqlite3.connect(name, uri=True)
        super().__init__(f"sqlite:///{name}&uri=true")
        self._service = service

    def reset(self, faults: Faults) -> None:
        """Reset to the empty template and use the faults of a new world."""
        self._faults, self.commits = faults, 0
        with closing(sqlite3.connect(_template(self._service))) as template:
            self.restore(template)

    def restore(self, other: sqlite3.Connection) -> None:
        """Replace all rows with those of `other`."""
        other.backup(self._connection)
        self.commits += 1

    def copy(self) -> sqlite3.Connection:
        """Return a copy of the database."""
        other = sqlite3.connect(":memory:")
        self._connection.backup(other)
        return other

    def change(self, statement: str) -> int:
        """Execute a statement outside of the services' transactions. Return the number of changed rows."""
        with self._connection as connection:
            changed = connection.execute(statement).rowcount
        self.commits += 1
        return changed

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with super().transaction() as uow:
            yield uow
            fault = self._faults.at(f"commit {self._service}", ("crash before the commit", "crash after the commit"))
            if fault == "crash before the commit":
                raise Crash(fault)
        self.commits += 1
        if fault:
            raise Crash(fault)

    def count(self, query: str, *values: Any) -> int:
        """Return the first value of a query, outside of any transaction."""
        return int(self._connection.execute(query, values).fetchone()[0])


@cache
def _database(service: str) -> SimulatedDatabase:
    return SimulatedDatabase(service)


class SimulatedMailer:
    """Stores mails by id, so that a repeat replaces the first. May crash after it stored a mail."""

    def __init__(self, faults: Faults) -> None:
        self.mails: dict[UUID, Mail] = {}
        self._faults = faults

    def send(self, mail: Mail) -> None:
        """Store the mail."""
        self.mails[mail.id] = mail
        if fault := self._faults.at("send mail", ("crash after it",)):
            raise Crash(fault)


@dataclass
class Service:
    """One service with the parts of its processes. `restart` drops all state that a crash destroys."""

    process: Process
    database: SimulatedDatabase
    service_bus: Bus
    jobs: JobFunctions
    run_due: Callable[..., None]
    bus: SimulatedBus
    loop: SteppedLoop
    transport: SimulatedTransport = field(init=False)
    relay: Relay | None = None
    sent: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.transport = SimulatedTransport(self.bus, self.process.service)

    def restart(self) -> None:
        """Drop the in-memory state, as a restarted process does."""
        self.relay = None
        self.transport.granted = []

    def relay_rows(self) -> None:
        """Run the relay once over the outbox."""
        self.loop.drive(self._relay())

    async def _relay(self) -> None:
        self.relay = self.relay or Relay(self.database, self.transport)
        await self.relay.run()

    def deliver(self, deliveries: list[Any]) -> None:
        """Run the consumer on one batch."""
        process = self.process
        self.transport.granted = deliveries
        consumer = Consumer(
            self.database,
            self.transport,
            self.service_bus.handlers,
            clock=process.clock,
            tools=process.tools,
            requeue_job=requeue_failed,
            subjects=self.service_bus.subjects,
        )
        self.loop.drive(consumer.run())

    def dispatch(self) -> None:
        """Run the dispatcher once over the jobs."""
        self.loop.drive(self._dispatch())

    async def _dispatch(self) -> None:
        await Dispatcher(self.database, self._send).run()

    def _send(self, job_id: UUID) -> None:
        fault = self.bus.faults.at(f"send job {self.process.service}", ("lost before it arrived", "sent twice"))
        if fault == "lost before it arrived":
            raise ConnectionError(fault)
        self.sent += [job_id, job_id] if fault else [job_id]

    def run_job(self, job_id: UUID) -> None:
        """Execute a sent job in a worker."""
        process = self.process
        worker = JobWorker(self.database, self.jobs, service=process.service, clock=process.clock, tools=process.tools)
        worker.execute(job_id)
        self.sent.remove(job_id)

    def run_timer(self) -> None:
        """Run the timer over the deadlines."""
        process = self.process
        Timer(self.database, self.run_due, clock=process.clock, tools=process.tools).run_if_due()


def open_installation(
    folder: Path, bus: SimulatedBus, mailer: SimulatedMailer, loop: SteppedLoop
) -> dict[str, Service]:
    """Return all five services with empty databases."""
    redis = fakeredis.FakeRedis(server=fakeredis.FakeServer(), decode_responses=True)
    return {name: _service(name, folder, bus, mailer, loop, redis) for name in KINDS}


def _service(
    name: str, folder: Path, bus: SimulatedBus, mailer: SimulatedMailer, loop: SteppedLoop, redis: Any
) -> Service:
    values = embedded(folder, name, public_url="http://127.0.0.1:8000", clock="travelling:nowhere")
    settings = KINDS[name](**values)
    keys = KeyRing(settings.keys_dir, purposes=SERVICES[settings.SERVICE].keys)
    files = FileStore(settings.files_url, keys)
    tools = Tools(keys=keys, files=files, mailer=mailer, redis=redis, public_url=settings.public_url, sandbox=Sandbox())
    database = _database(name)
    database.reset(bus.faults)
    worker = import_module(f"services.{name}.worker")
    process = Process(settings, database, bus.clock, tools)
    return Service(
        process=process,
        database=database,
        service_bus=import_module(f"services.{name}.bus").make_bus(process),
        jobs=worker.make_jobs(settings),
        run_due=worker.run_due,
        bus=bus,
        loop=loop,
    )
