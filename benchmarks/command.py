"""`lingjun bench`: measure all rows, or those named by --only, and print the table as Markdown."""

import sys
from collections.abc import Sequence

from benchmarks import machine, rows_accept, rows_consume, rows_installation, rows_latency, rows_relay, table
from benchmarks.ground import Ground
from benchmarks.measure import Effort, Row, measure_row
from shared.foundation.errors import Invalid
from shared.runtime.serve import tune_gc


def every_row() -> list[Row]:
    """Return the rows in the order of the table."""
    return [
        *rows_accept.rows(),
        *rows_relay.rows(),
        *rows_consume.rows(),
        *rows_latency.rows(),
        *rows_installation.rows(),
    ]


def measure(*, rounds: int, seconds: float, events: int, only: Sequence[str]) -> None:
    """Measure the rows whose key begins like one of `only`, all if it is empty, and print the table.

    Raises Invalid if there is no such row.
    """
    rows = [row for row in every_row() if not only or row.key.startswith(tuple(only))]
    if not rows:
        raise Invalid(
            "没有这样的行，请改为 {keys} 之一。",
            code="no-such-row",
            values={"keys": "、".join(row.key for row in every_row())},
        )
    effort = Effort(rounds, seconds, events)
    # Tune the collector as the product's processes do, for our code and the peers' in this process.
    tune_gc()
    with Ground() as ground:
        for row in rows:
            lines = measure_row(row, ground, effort, lambda message: print(message, file=sys.stderr))
            print(*table.lines_of(row, lines), sep="\n", flush=True)
        servers = ", ".join(f"{name} {number}" for name, number in ground.used.items())
    print("", *machine.description(servers), f"Rounds: {effort.rounds}, interleaved; medians.", sep="\n")
