"""`python -m tests.faults --minutes 2`: kill and stop processes while applications come in, then compare the ledger."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults.report import show
from tests.faults.run import Outcome, RunOptions, run
from tests.servers.processes import private_instances_possible

RATE = 20.0
RATE_BEFOREHAND = 100.0
console = Console(highlight=False)


def main() -> int:
    """Return 0 if every line holds, 1 if one fails, 2 if the run is not possible."""
    arguments = _arguments()
    if not private_instances_possible():
        sys.stderr.write("The harness needs Linux: its servers end with the harness.\n")
        return 2
    rate = arguments.rate or (RATE_BEFOREHAND if arguments.beforehand else RATE)
    options = RunOptions(arguments.minutes * 60, arguments.seed, rate, arguments.beforehand)
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="lingjun-faults-"))
    console.print(f"seed {options.seed}, {rate:g} applications a second for {options.seconds:.0f} s; logs in {folder}")
    outcome = _with_progress(options, folder)
    show(outcome, options, console)
    if outcome.holds and not arguments.folder:
        shutil.rmtree(folder)
    return 0 if outcome.holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=2.0, help="duration of posting; from 10 minutes on every process is killed"
    )
    parser.add_argument(
        "--seed", type=int, default=SystemRandom().randrange(10_000), help="determines the faults and their times"
    )
    parser.add_argument(
        "--beforehand", action="store_true", help="upload the scans beforehand and post 100 applications a second"
    )
    parser.add_argument("--rate", type=float, help="applications per second, instead of 20 or 100")
    parser.add_argument("--folder", type=Path, help="keep logs, files and mail here, even after a success")
    return parser.parse_args()


def _with_progress(options: RunOptions, folder: Path) -> Outcome:
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)

        def report_progress(activity: str, done: float) -> None:
            if activity:
                progress.update(task, description=activity)
            progress.update(task, completed=done)

        return run(options, folder, report_progress)


if __name__ == "__main__":
    sys.exit(main())
