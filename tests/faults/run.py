"""One run of the kill harness: the house comes up, the client posts, faults strike, the ledger is compared.

Called by __main__.py and the tests.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from aio_pika.exceptions import AMQPError
from sqlalchemy.exc import DBAPIError

from services.demo.player.clients import unsettled
from services.demo.programme import CODE
from shared.persistence.database import Database
from tests.faults.client import Poster
from tests.faults.comparison import Line, compare
from tests.faults.delays import Recovery, Suffered, handled_after, recoveries
from tests.faults.evidence import infrastructure, look, waiting_messages
from tests.faults.installation import InstallationUnderTest, installation_under_test
from tests.faults.ledger import Ledger
from tests.faults.opening import open_doors
from tests.faults.plan import SERVICES, Fault, plan
from tests.journeys.installations import await_open

REST_SECONDS = 300
LOOK_SECONDS = 0.05
Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Wanted:
    """What is asked of a run. `beforehand`: all applications refer to scans that were uploaded before."""

    seconds: float
    seed: int
    rate: float
    beforehand: bool


@dataclass
class Outcome:
    """What came of a run. `delays`: seconds from each answer to the case in review, sorted; `pace`: accepted a second."""

    lines: list[Line] = field(default_factory=list)
    suffered: list[Suffered] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    pace: float = 0.0
    repeated: int = 0
    rest_seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)


def run(wanted: Wanted, folder: Path, tell: Tell = lambda what, done: None) -> Outcome:
    """Runs to its end and compares; the processes' logs stay below `folder`. `tell` hears what happens, and which part of
    the posting is over."""
    faults = plan(wanted.seed, wanted.seconds)
    outcome, ledger = Outcome(), Ledger()
    tell("starting RabbitMQ, PostgreSQL, Redis and 15 processes", 0)
    with installation_under_test(folder) as trial:
        stage = open_doors(trial.installation)
        poster = Poster(stage, ledger, programme=CODE, seed=wanted.seed, rate=wanted.rate)
        poster.draw()
        if wanted.beforehand:
            poster.upload_beforehand()
        poster.start()
        outcome.suffered = _strike(trial, faults, wanted.seconds, tell)
        poster.stop()
        tell("posting is over; everything comes up again", 1)
        began = time.monotonic()
        left = _come_to_rest(trial, poster, tell)
        outcome.rest_seconds = time.monotonic() - began
        outcome.lines.append(Line("at rest" if not left else "not at rest", not left, tuple(left)))
        restless = trial.supervisor.restless()
        outcome.lines.append(
            Line(f"processes that ended by themselves: {len(restless)}", not restless, tuple(restless))
        )
        _weigh(trial, ledger, outcome)
        outcome.pace = len(ledger.accepted) / wanted.seconds
    return outcome


def _strike(trial: InstallationUnderTest, faults: Sequence[Fault], seconds: float, tell: Tell) -> list[Suffered]:
    suffered, waiting = [], list(faults)
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        trial.supervisor.look()
        if waiting and waiting[0].at <= now and trial.supervisor.suffer(waiting[0]):
            fault = waiting.pop(0)
            suffered.append(Suffered(fault, time.time()))
            tell(f"{fault.act} {fault.target} for {fault.lasts:.1f} s", now / seconds)
        tell("", now / seconds)
        time.sleep(LOOK_SECONDS)
    return suffered


def _come_to_rest(trial: InstallationUnderTest, poster: Poster, tell: Tell) -> list[str]:
    """What is still under way after REST_SECONDS; empty when all was answered and nothing waits anywhere."""
    ends, left = time.monotonic() + REST_SECONDS, ["nothing was asked"]
    trial.supervisor.bring_back()
    while left and time.monotonic() < ends:
        trial.supervisor.look()
        left = _left(trial, poster)
        tell("; ".join(left)[:100], 1)
        time.sleep(LOOK_SECONDS * 10)
    await_open(trial.installation)
    return left


def _left(trial: InstallationUnderTest, poster: Poster) -> list[str]:
    if waiting := poster.under_way():
        return [f"{waiting} requests unanswered"]
    try:
        with ExitStack() as stack:
            left = unsettled(infrastructure(_databases(trial, stack)))
        return left or [f"{queue}: {count} messages" for queue, count in waiting_messages(trial.broker_url).items()]
    except (DBAPIError, AMQPError, OSError) as fault:
        return [f"{type(fault).__name__}"]


def _weigh(trial: InstallationUnderTest, ledger: Ledger, outcome: Outcome) -> None:
    with ExitStack() as stack:
        evidence = look(_databases(trial, stack), trial.installation.mail)
    outcome.lines += compare(ledger, evidence)
    outcome.delays = handled_after(ledger, evidence)
    outcome.recoveries = recoveries(outcome.suffered, ledger, evidence)
    outcome.repeated = sum(entry.tries > 1 for entry in ledger.accepted)


def _databases(trial: InstallationUnderTest, stack: ExitStack) -> dict[str, Database]:
    return {name: stack.enter_context(closing(Database(trial.database_url(name)))) for name in SERVICES}
