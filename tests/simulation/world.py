"""One world: a programme with three seats and eight applicants, from the notice to the refunds, with faults on the way.

`run` plays the world of a seed; called by the tests, the command line and the search for the shortest history.
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
from tests.simulation.invariants import Broken, check_end, check_step, watched_states
from tests.simulation.nature import SimulatedClock, ruled_by, unswept
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
    (_utc(2021, 12, 5, 18), (committee.rejecter_of_unconfirmed, committee.scheduler, *_ALWAYS)),
    (
        _utc(2021, 12, 8, 2),
        (committee.doorkeeper, committee.second_date, committee.scheduler, committee.judge, committee.desk),
    ),
    (_utc(2021, 12, 8, 14), (committee.doorkeeper, committee.judge, committee.desk, applicants.withdrawer)),
    (_utc(2021, 12, 9, 1), (committee.judge, committee.desk, committee.chair, applicants.withdrawer)),
    (_utc(2021, 12, 18, 1), _MONEY),
    (_utc(2021, 12, 23, 17), (*_MONEY, committee.registrar)),
    (_utc(2022, 1, 1, 2), (*_MONEY, committee.registrar)),
    (_utc(2022, 2, 1, 2), (*_MONEY, committee.registrar)),
    (_utc(2022, 2, 9, 2), _MONEY),
)


@dataclass(frozen=True)
class History:
    """What happened in a world: `failure` is empty if everything held."""

    seed: int
    failure: str
    faults: tuple[Fault, ...]
    steps: int
    log: tuple[str, ...]


class World:
    """The house, the people and the calendar of one seed."""

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
        self.moved: list[str] = []
        self._nothing_new: dict[Actor, dict[str, object]] = {}

    def play(self) -> None:
        """The whole calendar. Raises Broken, or whatever a step raised."""
        for number, (moment, actors) in enumerate(CALENDAR):
            self.clock.move(moment)
            self.stage.log.append(f"-- {moment:%d %b %Y %H:%M}")
            if number == len(CALENDAR) - 1:
                self.faults.stop()
            while self._turn(actors):
                check_step(self.stage, self.moved)
        check_end(self.stage)

    def _turn(self, actors: tuple[Actor, ...]) -> bool:
        """One step of somebody; False once there is nothing left to do before the calendar goes on."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise Broken("the house does not come to rest")
        self.clock.pass_real(timedelta(seconds=self.rng.uniform(0, 1)))
        options = self._options()
        if options and self.rng.random() < 0.7:
            self._step(*self.rng.choice(options))
            return True
        if self.rng.random() < 0.05:
            name = self.rng.choice(list(self.stage.services))
            self._step(f"{name}: timer looks", self.stage.services[name].look)
            return True
        for actor in self.rng.sample(actors, len(actors)):
            if self._act(actor):
                return True
        if options:
            self._step(*self.rng.choice(options))
            return True
        return self._rest()

    def _act(self, actor: Actor) -> bool:
        """Somebody looks and acts; who found nothing to do looks again only after something has changed there."""
        known = self._nothing_new.get(actor)
        if known is not None and all(self._version(name) == seen for name, seen in known.items()):
            return False
        self.stage.looked_at.clear()
        before = len(self.faults.injected)
        try:
            acted = actor(self.stage) or len(self.faults.injected) > before
        except Crash as crash:
            self.stage.log.append(f"  {actor.__name__}: {crash}")
            return True
        if not acted:
            self._nothing_new[actor] = {name: self._version(name) for name in self.stage.looked_at}
        return acted

    def _version(self, service: str) -> object:
        return self.stage.services[service].database.commits, self.clock.now()

    def _step(self, title: str, work: Callable[[], object]) -> None:
        self.stage.log.append(title)
        name = title.partition(":")[0]
        try:
            work()
        except (Crash, ConnectionError) as fault:
            self.stage.log.append(f"  {fault}")
            self.stage.services[name].restart()

    def _options(self) -> list[tuple[str, Callable[[], object]]]:
        """Everything that the processes could do now."""
        found: list[tuple[str, Callable[[], object]]] = []
        for name, service in self.stage.services.items():
            if service.database.count("SELECT count(*) FROM outbox"):
                found.append((f"{name}: relay", service.relay_rows))
            if self.bus.visible(name):
                found.append((f"{name}: deliver", lambda name=name: self._deliver(name)))  # type: ignore[misc]
            if service.sent:
                found.append((f"{name}: work", lambda service=service: service.work(self.rng.choice(service.sent))))  # type: ignore[misc]
            if self._jobs_due(name):
                found.append((f"{name}: dispatch", service.dispatch))
        if self.bus.visible(DEAD_LETTERS):
            found.append(("portal: mirror the dead letters", self._mirror))
        return found

    def _deliver(self, name: str) -> None:
        batch = self.bus.offer(name, self.rng)
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
        """Timers look, and real time goes on to what waits for it; False when there is nothing."""
        for name, service in self.stage.services.items():
            looked = "SELECT count(*) FROM timer WHERE looked_at >= ?"
            if not service.database.count(looked, _stored(self.clock.now())):
                self._step(f"{name}: timer looks", service.look)
                return True
        parked = any(self.bus.queues[name] for name in self.bus.queues)
        still = "SELECT count(*) FROM job WHERE state IN ('waiting', 'sent', 'running')"
        open_jobs = any(service.database.count(still) for service in self.stage.services.values())
        if parked or open_jobs:
            self.clock.pass_real(timedelta(seconds=self.rng.uniform(1, 60)))
        return parked or open_jobs

    def close(self) -> None:
        """Gives the loop back."""
        self.loop.close()


def _stored(moment: datetime) -> str:
    """As a column keeps it."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def run(seed: int, *, rate: float = RATE, only: Collection[int] | None = None) -> History:
    """Plays a world; equal arguments give an equal history. `only` keeps the faults of those occasions alone."""
    faults = Faults(seed, rate=rate, only=only)
    with TemporaryDirectory() as folder, watched_states() as moved, unswept():
        world = World(seed, Path(folder), faults)
        world.moved = moved
        try:
            with ruled_by(seed, world.clock):
                world.play()
            failure = ""
        except Exception as fault:
            failure = f"{type(fault).__name__}: {fault}"
        finally:
            world.close()
    return History(seed, failure, tuple(faults.injected), world.steps, tuple(world.stage.log))
