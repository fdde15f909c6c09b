"""`make bench`: measure all rows, or those named by --only, and print the table as Markdown."""

import argparse
import sys

from benchmarks import machine, rows_accept, rows_consume, rows_installation, rows_latency, rows_relay, table
from benchmarks.ground import Ground
from benchmarks.measure import Effort, Row, measure_row
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


def main(arguments: list[str]) -> int:
    """Run the benchmarks; return the exit code."""
    parser = argparse.ArgumentParser(prog="make bench")
    defaults = Effort()
    parser.add_argument("--rounds", type=int, default=defaults.rounds)
    parser.add_argument("--seconds", type=float, default=defaults.seconds, help="of load in each round")
    parser.add_argument("--events", type=int, default=defaults.events, help="in each batch that is waited for")
    parser.add_argument("--only", action="append", default=[], help="rows whose key begins so; may be repeated")
    options = parser.parse_args(arguments)
    rows = [row for row in every_row() if not options.only or row.key.startswith(tuple(options.only))]
    if not rows:
        parser.error(f"no such row; there are {', '.join(row.key for row in every_row())}")
    effort = Effort(options.rounds, options.seconds, options.events)
    # Tune the collector as the product's processes do, for our code and the peers' in this process.
    tune_gc()
    with Ground() as ground:
        for row in rows:
            lines = measure_row(row, ground, effort, lambda message: print(message, file=sys.stderr))
            print(*table.lines_of(row, lines), sep="\n", flush=True)
        servers = ", ".join(f"{name} {number}" for name, number in ground.used.items())
    print("", *machine.description(servers), f"Rounds: {effort.rounds}, interleaved; medians.", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
