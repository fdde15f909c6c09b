"""One run of the kill harness: start the installation, post applications, inject faults, compare the ledger.

Called by command.py and the tests.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from aio_pika.exceptions import AMQPError
from sqlalchemy.exc import DBAPIError

from services.demo.player.clients import pending_work
from services.demo.programme import CODE
from shared.persistence.database import Database
from shared.wiring.registry import SERVICES
from tests.faults.client import Poster
from tests.faults.comparison import Line, compare
from tests.faults.delays import InjectedFault, Recovery, handled_after, recoveries
from tests.faults.evidence import collect_evidence, infrastructure, waiting_messages
from tests.faults.installation import InstallationUnderTest, installation_under_test
from tests.faults.ledger import Ledger
from tests.faults.opening import open_for_filing
from tests.faults.plan import Fault, plan
from tests.journeys.installations import await_open

IDLE_TIMEOUT_SECONDS = 300
POLL_SECONDS = 0.05
ReportProgress = Callable[[str, float], None]


@dataclass(frozen=True)
class RunOptions:
    """The options of a run. `beforehand`: all applications refer to scans that were uploaded at the start."""

    seconds: float
    seed: int
    rate: float
    beforehand: bool


@dataclass
class Outcome:
    """The result. `delays`: sorted seconds from each response to the case in review. `pace`: accepted per second."""

    lines: list[Line] = field(default_factory=list)
    injected: list[InjectedFault] = field(default_factory=list)
    recoveries: list[Recovery] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    pace: float = 0.0
    repeated: int = 0
    idle_seconds: float = 0.0

    @property
    def holds(self) -> bool:
        return all(line.holds for line in self.lines)


def run(options: RunOptions, folder: Path, report_progress: ReportProgress = lambda activity, done: None) -> Outcome:
    """Run to the end and compare. The processes' logs stay below `folder`.

    `report_progress` receives each activity (or "") and the completed fraction of the posting, 0..1.
    """
    faults = plan(options.seed, options.seconds)
    outcome, ledger = Outcome(), Ledger()
    report_progress("starting RabbitMQ, PostgreSQL, Redis and 15 processes", 0)
    with installation_under_test(folder) as trial:
        stage = open_for_filing(trial.installation)
        poster = Poster(stage, ledger, programme=CODE, seed=options.seed, rate=options.rate)
        poster.draw_scans()
        if options.beforehand:
            poster.upload_beforehand()
        poster.start()
        outcome.injected = _inject_faults(trial, faults, options.seconds, report_progress)
        poster.stop()
        report_progress("posting is over; waiting for recovery", 1)
        began = time.monotonic()
        left = _wait_until_idle(trial, poster, report_progress)
        outcome.idle_seconds = time.monotonic() - began
        outcome.lines.append(Line("at rest" if not left else "not at rest", not left, tuple(left)))
        unexpected_exits = trial.supervisor.unexpected_exits()
        outcome.lines.append(
            Line(
                f"processes that ended by themselves: {len(unexpected_exits)}",
                not unexpected_exits,
                tuple(unexpected_exits),
            )
        )
        _compare(trial, ledger, outcome)
        outcome.pace = len(ledger.accepted) / options.seconds
    return outcome


def _inject_faults(
    trial: InstallationUnderTest, faults: Sequence[Fault], seconds: float, report_progress: ReportProgress
) -> list[InjectedFault]:
    injected, waiting = [], list(faults)
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        trial.supervisor.poll()
        if waiting and waiting[0].at <= now and trial.supervisor.inject(waiting[0]):
            fault = waiting.pop(0)
            injected.append(InjectedFault(fault, time.time()))
            report_progress(f"{fault.act} {fault.target} for {fault.lasts:.1f} s", now / seconds)
        report_progress("", now / seconds)
        time.sleep(POLL_SECONDS)
    return injected


def _wait_until_idle(trial: InstallationUnderTest, poster: Poster, report_progress: ReportProgress) -> list[str]:
    """Wait up to IDLE_TIMEOUT_SECONDS until no request or other work is pending. Return the work that is left."""
    ends, left = time.monotonic() + IDLE_TIMEOUT_SECONDS, ["not checked yet"]
    trial.supervisor.end_faults()
    while left and time.monotonic() < ends:
        trial.supervisor.poll()
        left = _pending(trial, poster)
        report_progress("; ".join(left)[:100], 1)
        time.sleep(POLL_SECONDS * 10)
    await_open(trial.installation)
    return left


def _pending(trial: InstallationUnderTest, poster: Poster) -> list[str]:
    if waiting := poster.pending_requests():
        return [f"{waiting} requests unanswered"]
    try:
        with ExitStack() as stack:
            left = pending_work(infrastructure(_databases(trial, stack)))
        return left or [f"{queue}: {count} messages" for queue, count in waiting_messages(trial.broker_url).items()]
    except (DBAPIError, AMQPError, OSError) as error:
        return [f"{type(error).__name__}"]


def _compare(trial: InstallationUnderTest, ledger: Ledger, outcome: Outcome) -> None:
    with ExitStack() as stack:
        evidence = collect_evidence(_databases(trial, stack), trial.installation.mail)
    outcome.lines += compare(ledger, evidence)
    outcome.delays = handled_after(ledger, evidence)
    outcome.recoveries = recoveries(outcome.injected, ledger, evidence)
    outcome.repeated = sum(entry.tries > 1 for entry in ledger.accepted)


def _databases(trial: InstallationUnderTest, stack: ExitStack) -> dict[str, Database]:
    return {name: stack.enter_context(closing(Database(trial.database_url(name)))) for name in SERVICES}
