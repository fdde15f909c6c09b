"""One world: a programme with three seats and eight applicants, from the notice to the refunds, with faults on the way.

`run` plays the world of a seed. The tests, the command line and the shrinking of histories call it.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from services.portal.actions import note_dead_letter
from shared.messaging.transport import DEAD_LETTERS, Delivery
from tests.simulation import applicants, committee, finance
from tests.simulation.bus import SimulatedBus
from tests.simulation.faults import Crash, Fault, Faults
from tests.simulation.installation import SimulatedMailer, open_installation
from tests.simulation.invariants import InvariantViolation, check_end, check_step, watch_transitions
from tests.simulation.nature import SimulatedClock, deterministic, tuned_gc
from tests.simulation.stage import Actor, Stage
from tests.simulation.stepping import SteppedLoop

RATE = 0.06
MOST_STEPS = 20_000


def _utc(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


_ALWAYS: tuple[Actor, ...] = (applicants.withdrawer, applicants.corrector, applicants.student, committee.reviewer)
_MONEY: tuple[Actor, ...] = (
    finance.importer,
    finance.bookkeeper,
    finance.checker,
    finance.accountant,
    committee.committee,
    applicants.decliner,
    applicants.withdrawer,
)
CALENDAR: tuple[tuple[datetime, tuple[Actor, ...]], ...] = (
    (_utc(2021, 11, 23, 1), (applicants.clerk, applicants.platform, *_ALWAYS)),
    (_utc(2021, 12, 2, 1), (committee.preparer, *_ALWAYS)),
    (_utc(2021, 12, 5, 18), (committee.unconfirmed_rejecter, committee.scheduler, *_ALWAYS)),
    (
        _utc(2021, 12, 8, 2),
        (committee.attendance_clerk, committee.second_date, committee.scheduler, committee.judge, committee.desk),
    ),
    (_utc(2021, 12, 8, 14), (committee.attendance_clerk, committee.judge, committee.desk, applicants.withdrawer)),
    (_utc(2021, 12, 9, 1), (committee.judge, committee.desk, committee.chair, applicants.withdrawer)),
    (_utc(2021, 12, 18, 1), _MONEY),
    (_utc(2021, 12, 23, 17), (*_MONEY, committee.registrar)),
    (_utc(2022, 1, 1, 2), (*_MONEY, committee.registrar)),
    (_utc(2022, 2, 1, 2), (*_MONEY, committee.registrar)),
    (_utc(2022, 2, 9, 2), _MONEY),
)


@dataclass(frozen=True)
class History:
    """The result of a world. `failure` is empty if all invariants held."""

    seed: int
    failure: str
    faults: tuple[Fault, ...]
    steps: int
    log: tuple[str, ...]


class World:
    """The installation, the actors and the calendar of one seed."""

    def __init__(self, seed: int, folder: Path, faults: Faults) -> None:
        self.rng = Random(f"{seed}:steps")
        self.clock = SimulatedClock(CALENDAR[0][0])
        self.faults = faults
        self.loop = SteppedLoop(lambda: self.clock.real.timestamp())
        self.bus = SimulatedBus(self.clock, faults)
        mailer = SimulatedMailer(faults)
        services = open_installation(folder, self.bus, mailer, self.loop)
        self.stage = Stage(services, mailer, self.clock, self.rng, seed)
        self.steps = 0
        self.illegal_transitions: list[str] = []
        self._idle_versions: dict[Actor, dict[str, object]] = {}

    def play(self) -> None:
        """Play the whole calendar. Raises InvariantViolation, or any exception of a step."""
        for number, (moment, actors) in enumerate(CALENDAR):
            self.clock.move(moment)
            self.stage.log.append(f"-- {moment:%d %b %Y %H:%M}")
            if number == len(CALENDAR) - 1:
                self.faults.stop()
            while self._turn(actors):
                check_step(self.stage, self.illegal_transitions)
        check_end(self.stage)

    def _turn(self, actors: tuple[Actor, ...]) -> bool:
        """Take one step of a process or an actor. Return False if no work is left before the next calendar entry."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise InvariantViolation("the installation does not come to rest")
        self.clock.pass_real(timedelta(seconds=self.rng.uniform(0, 1)))
        options = self._options()
        if options and self.rng.random() < 0.7:
            self._step(*self.rng.choice(options))
            return True
        if self.rng.random() < 0.05:
            name = self.rng.choice(list(self.stage.services))
            self._step(f"{name}: timer looks", self.stage.services[name].run_timer)
            return True
        for actor in self.rng.sample(actors, len(actors)):
            if self._act(actor):
                return True
        if options:
            self._step(*self.rng.choice(options))
            return True
        return self._rest()

    def _act(self, actor: Actor) -> bool:
        """Let an actor act. Skip an actor that was idle until a service that it read has changed."""
        known = self._idle_versions.get(actor)
        if known is not None and all(self._version(name) == seen for name, seen in known.items()):
            return False
        self.stage.services_read.clear()
        before = len(self.faults.injected)
        try:
            acted = actor(self.stage) or len(self.faults.injected) > before
        except Crash as crash:
            self.stage.log.append(f"  {actor.__name__}: {crash}")
            return True
        if not acted:
            self._idle_versions[actor] = {name: self._version(name) for name in self.stage.services_read}
        return acted

    def _version(self, service: str) -> object:
        return self.stage.services[service].database.commits, self.clock.now()

    def _step(self, title: str, work: Callable[[], object]) -> None:
        self.stage.log.append(title)
        name = title.partition(":")[0]
        try:
            work()
        except (Crash, ConnectionError) as error:
            self.stage.log.append(f"  {error}")
            self.stage.services[name].restart()

    def _options(self) -> list[tuple[str, Callable[[], object]]]:
        """Return all steps that processes could take now, with their titles."""
        found: list[tuple[str, Callable[[], object]]] = []
        for name, service in self.stage.services.items():
            if service.database.count("SELECT count(*) FROM outbox"):
                found.append((f"{name}: relay", service.relay_rows))
            if self.bus.visible(name):
                found.append((f"{name}: deliver", lambda name=name: self._deliver(name)))  # type: ignore[misc]
            if service.sent:
                found.append((f"{name}: work", lambda service=service: service.run_job(self.rng.choice(service.sent))))  # type: ignore[misc]
            if self._jobs_due(name):
                found.append((f"{name}: dispatch", service.dispatch))
        if self.bus.visible(DEAD_LETTERS):
            found.append(("portal: mirror the dead letters", self._mirror))
        return found

    def _deliver(self, name: str) -> None:
        batch = self.bus.next_batch(name, self.rng)
        kinds = ", ".join(one.headers["cloudEvents:type"].split(".")[1] for one in batch)
        self.stage.log.append(f"  {kinds or 'nothing'}")
        if batch:
            self.stage.services[name].deliver(batch)

    def _mirror(self) -> None:
        dead = self.bus.visible(DEAD_LETTERS)
        with self.stage.services["portal"].database.transaction() as uow:
            for one in dead:
                note_dead_letter(uow, Delivery(one.tag, one.headers, one.body, one.attempt))
                uow.session.flush()
        self.bus.remove(DEAD_LETTERS, {one.tag for one in dead})

    def _jobs_due(self, name: str) -> int:
        real = _stored(self.clock.real)
        waiting = "SELECT count(*) FROM job WHERE (state = 'waiting' AND next_at <= ?)"
        overdue = " OR (state IN ('sent', 'running') AND lease_until <= ?)"
        return self.stage.services[name].database.count(waiting + overdue, real, real)

    def _rest(self) -> bool:
        """Run due timers, or let real time pass for waiting messages and jobs. Return False if neither is needed."""
        for name, service in self.stage.services.items():
            looked = "SELECT count(*) FROM timer WHERE looked_at >= ?"
            if not service.database.count(looked, _stored(self.clock.now())):
                self._step(f"{name}: timer looks", service.run_timer)
                return True
        waiting_messages = any(self.bus.queues[name] for name in self.bus.queues)
        still = "SELECT count(*) FROM job WHERE state IN ('waiting', 'sent', 'running')"
        open_jobs = any(service.database.count(still) for service in self.stage.services.values())
        if waiting_messages or open_jobs:
            self.clock.pass_real(timedelta(seconds=self.rng.uniform(1, 60)))
        return waiting_messages or open_jobs

    def close(self) -> None:
        """Close the event loop."""
        self.loop.close()


def _stored(moment: datetime) -> str:
    """Return the time in SQLite's column format."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def run(seed: int, *, rate: float = RATE, only: Collection[int] | None = None) -> History:
    """Play a world. Equal arguments give an equal history. `only`: inject faults at these occasions only."""
    faults = Faults(seed, rate=rate, only=only)
    with TemporaryDirectory() as folder, watch_transitions() as illegal_transitions, tuned_gc():
        world = World(seed, Path(folder), faults)
        world.illegal_transitions = illegal_transitions
        try:
            with deterministic(seed, world.clock):
                world.play()
            failure = ""
        except Exception as error:
            failure = f"{type(error).__name__}: {error}"
        finally:
            world.close()
    return History(seed, failure, tuple(faults.injected), world.steps, tuple(world.stage.log))
