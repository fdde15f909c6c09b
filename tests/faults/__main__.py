"""`python -m tests.faults --minutes 2`: kills and stops a house's processes while applications come in, and compares the ledger."""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults.report import show
from tests.faults.run import Outcome, Wanted, run
from tests.servers.processes import private_instances_possible

RATE = 20.0
RATE_BEFOREHAND = 100.0
console = Console(highlight=False)


def main() -> int:
    """0 when every line holds, 1 when one does not, 2 when the run is not possible."""
    given = _arguments()
    if not private_instances_possible():
        sys.stderr.write("The harness needs Linux: it ties its servers' lives to its own.\n")
        return 2
    rate = given.rate or (RATE_BEFOREHAND if given.beforehand else RATE)
    wanted = Wanted(given.minutes * 60, given.seed, rate, given.beforehand)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="lingjun-faults-"))
    console.print(f"seed {wanted.seed}, {rate:g} applications a second for {wanted.seconds:.0f} s; logs in {folder}")
    outcome = _with_progress(wanted, folder)
    show(outcome, wanted, console)
    if outcome.holds and not given.folder:
        shutil.rmtree(folder)
    return 0 if outcome.holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--minutes", type=float, default=2.0, help="how long to post; from 10 on every process is killed"
    )
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000), help="which faults, and when")
    parser.add_argument("--beforehand", action="store_true", help="upload the scans before, and post 100 a second")
    parser.add_argument("--rate", type=float, help="applications a second, instead of 20 or 100")
    parser.add_argument("--folder", type=Path, help="keep logs, files and mail here, whatever the outcome")
    return parser.parse_args()


def _with_progress(wanted: Wanted, folder: Path) -> Outcome:
    columns = (BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=1.0)

        def tell(what: str, done: float) -> None:
            if what:
                progress.update(task, description=what)
            progress.update(task, completed=done)

        return run(wanted, folder, tell)


if __name__ == "__main__":
    sys.exit(main())
