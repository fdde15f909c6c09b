"""Prints the tables at the end of a run. Called by command.py."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.faults.run import Outcome, RunOptions


def show(outcome: Outcome, options: RunOptions, console: Console) -> None:
    """Print the guarantees line by line, the delays, the recoveries per kind of fault, and the verdict."""
    for line in outcome.lines:
        console.print(f"[{'green' if line.holds else 'red'}]{'✓' if line.holds else '✗'}[/] {line.text}")
        for example in line.examples:
            console.print(f"    {example}", style="red", markup=False)
    console.print(
        f"accepted -> case in review: {_delays(outcome.delays)}\n"
        f"{outcome.pace:.1f} of {options.rate:g} applications a second carried; "
        f"{outcome.repeated} sent more than once; at rest {outcome.idle_seconds:.1f} s after the last"
    )
    table = Table(title=f"{len(outcome.injected)} faults of seed {options.seed}")
    for heading in ("process", "fault", "times", "away s", "recovered s (median)", "(worst)"):
        table.add_column(heading, justify="left" if heading in ("process", "fault") else "right")
    for row in outcome.recoveries:
        seconds = (f"{row.away:.1f}", _number(row.usual), _number(row.worst))
        table.add_row(row.kind, {"kill": "killed", "stop": "stopped"}[row.act], str(row.count), *seconds)
    console.print(table)
    failed = sum(not line.holds for line in outcome.lines)
    verdict = f"{len(outcome.lines) - failed} passed, {failed} failed"
    console.print(verdict, style="bold red" if failed else "bold green")
    if failed:
        console.print(f"the same faults again: lingjun faults --minutes {options.seconds / 60:g} --seed {options.seed}")


def _delays(sorted_seconds: Sequence[float]) -> str:
    if not sorted_seconds:
        return "nothing was handled"
    median, late = (sorted_seconds[int((len(sorted_seconds) - 1) * part)] for part in (0.5, 0.99))
    return f"median {median:.2f} s, p99 {late:.2f} s, worst {sorted_seconds[-1]:.2f} s"


def _number(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f}"
