"""`lingjun faults --minutes 2`: kill and stop processes while applications come in, then compare the ledger."""

import shutil
import tempfile
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from shared.foundation.errors import Conflict
from tests.faults.report import show
from tests.faults.run import Outcome, RunOptions, run
from tests.servers.processes import private_instances_possible

RATE = 20.0
RATE_BEFOREHAND = 100.0
console = Console(highlight=False)


def inject_faults(
    *, minutes: float, seed: int | None, beforehand: bool, rate: float | None, folder: Path | None
) -> int:
    """Return 0 if every line holds, 1 if one fails. Raises Conflict if the run is not possible here.

    A missing seed is chosen, and printed. Without `folder`, the logs of a run that holds are removed.
    """
    if not private_instances_possible():
        raise Conflict("演练只能在 Linux 上运行：它的服务器要随它一同结束。", code="linux-only")
    options = RunOptions(
        minutes * 60,
        SystemRandom().randrange(10_000) if seed is None else seed,
        rate or (RATE_BEFOREHAND if beforehand else RATE),
        beforehand,
    )
    logs = folder or Path(tempfile.mkdtemp(prefix="lingjun-faults-"))
    console.print(
        f"seed {options.seed}, {options.rate:g} applications a second for {options.seconds:.0f} s; logs in {logs}"
    )
    outcome = _with_progress(options, logs)
    show(outcome, options, console)
    if outcome.holds and not folder:
        shutil.rmtree(logs)
    return 0 if outcome.holds else 1


def _with_progress(options: RunOptions, folder: Path) -> Outcome:
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)

        def report_progress(activity: str, done: float) -> None:
            if activity:
                progress.update(task, description=activity)
            progress.update(task, completed=done)

        return run(options, folder, report_progress)
