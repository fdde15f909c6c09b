"""`lingjun simulate --worlds 1000` plays worlds on all cores, `lingjun simulate --seed 123` one."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.simulation.shrinking import format_history, shrink
from tests.simulation.world import History, run

SHOWN = 3


def simulate(seeds: Sequence[int]) -> int:
    """Play the worlds and print the result. Return 1 if any failed, else 0."""
    console, began = Console(), time.monotonic()
    histories = _play(seeds, console)
    failed = sorted((one for one in histories if one.failure), key=lambda one: one.seed)
    for history in failed[:SHOWN]:
        seed = history.seed
        console.print(format_history(shrink(history, lambda only, seed=seed: run(seed, only=only))), markup=False)  # type: ignore[misc]
    _report(histories, failed, time.monotonic() - began, console)
    return 1 if failed else 0


def _play(seeds: Sequence[int], console: Console) -> list[History]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    histories = []
    with Progress(*columns, console=console) as bar, ProcessPoolExecutor(min(os.cpu_count() or 1, len(seeds))) as pool:
        task = bar.add_task("worlds", total=len(seeds))
        for done in as_completed([pool.submit(run, seed) for seed in seeds]):
            histories.append(done.result())
            failed = sum(bool(one.failure) for one in histories)
            bar.update(task, advance=1, description=f"worlds, {failed} failed")
    return histories


def _report(histories: list[History], failed: list[History], seconds: float, console: Console) -> None:
    kinds = Counter(fault.kind for one in histories for fault in one.faults)
    console.print(f"{len(histories)} worlds in {seconds:.0f} s, {len(histories) / seconds:.2f} a second")
    for kind, number in kinds.most_common():
        console.print(f"  {number / len(histories):6.1f} a world  {kind}")
    for one in failed:
        console.print(f"seed {one.seed}: {one.failure}", markup=False)
