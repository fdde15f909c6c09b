"""The whole chain from POST to the review case on the product's own processes, and their memory."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from sqlmodel import func, select

from benchmarks import installation, load
from benchmarks.ground import Ground, wait_until
from benchmarks.installation import ALL_PROCESSES, INTAKE_AND_REVIEW, Installation
from benchmarks.machine import proportional_mib
from benchmarks.measure import Effort, Entry, Row
from services.review.models import Case, ProgrammeRow
from shared.persistence.database import Database

CROWD = 64
_Opening = Callable[[Ground], AbstractContextManager[Installation]]


def rows() -> list[Row]:
    """Return the rows: the processes of two services, all processes, and the standalone server in one process."""
    two: _Opening = partial(installation.on_servers, parts=INTAKE_AND_REVIEW)
    all_of_them: _Opening = partial(installation.on_servers, parts=ALL_PROCESSES)
    return [
        Row("chain", "POST to review case, intake's and review's processes", "1,000/s", partial(_opened, two)),
        Row("house", "POST to review case, every process; memory", "none", partial(_opened, all_of_them)),
        Row(
            "embedded",
            "POST to review case, one process over SQLite",
            "none",
            partial(_opened, installation.standalone),
        ),
    ]


@contextmanager
def _opened(opening: _Opening, ground: Ground, effort: Effort) -> Iterator[Sequence[Entry]]:
    with opening(ground) as system:
        review = Database(system.database_url("review"))
        wait_until(lambda: _count(review, ProgrammeRow) == 1)

        def measure() -> Mapping[str, float]:
            return _chained(system, review, effort.seconds)

        yield [Entry("Lingjun", measure)]
        review.close()


def _chained(system: Installation, review: Database, seconds: float) -> dict[str, float]:
    idle = _memory(system)
    before = _count(review, Case)
    posted = load.post(system.port, installation.ENDPOINT, key=system.key, connections=CROWD, seconds=seconds)
    loaded = _memory(system)
    wait_until(lambda: _count(review, Case) == before + posted.answered, pause=0.1)
    chained_seconds = time.monotonic() - posted.started
    stats = {"accepted/s": posted.rate, "case opened/s": posted.answered / chained_seconds}
    for name, mib in idle.items():
        stats |= {f"{name} idle MiB": mib, f"{name} under load MiB": loaded[name]}
    return stats


def _memory(system: Installation) -> dict[str, float]:
    return {name: proportional_mib(process.pid) for name, process in system.processes.items()}


def _count(database: Database, table: type[Case] | type[ProgrammeRow]) -> int:
    with database.reader() as session:
        return session.exec(select(func.count()).select_from(table)).one()
