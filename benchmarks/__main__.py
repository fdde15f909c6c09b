"""`make bench`: measures every row, or those named by --only, and prints the table as Markdown."""

import argparse
import sys

from benchmarks import machine, rows_accept, rows_consume, rows_installation, rows_latency, rows_relay, table
from benchmarks.ground import Ground
from benchmarks.measure import Effort, Row, measured
from shared.runtime.serve import tune_gc


def every_row() -> list[Row]:
    """The table's rows, in its order."""
    return [
        *rows_accept.rows(),
        *rows_relay.rows(),
        *rows_consume.rows(),
        *rows_latency.rows(),
        *rows_installation.rows(),
    ]


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="make bench")
    usual = Effort()
    parser.add_argument("--rounds", type=int, default=usual.rounds)
    parser.add_argument("--seconds", type=float, default=usual.seconds, help="of load in each round")
    parser.add_argument("--events", type=int, default=usual.events, help="in each batch that is waited for")
    parser.add_argument("--only", action="append", default=[], help="rows whose key begins so; may be repeated")
    given = parser.parse_args(arguments)
    rows = [row for row in every_row() if not given.only or row.key.startswith(tuple(given.only))]
    if not rows:
        parser.error(f"no such row; there are {', '.join(row.key for row in every_row())}")
    effort = Effort(given.rounds, given.seconds, given.events)
    # What runs in this process, ours and the peers', runs as in the product's own processes.
    tune_gc()
    with Ground() as ground:
        for row in rows:
            lines = measured(row, ground, effort, lambda told: print(told, file=sys.stderr))
            print(*table.lines_of(row, lines), sep="\n", flush=True)
        servers = ", ".join(f"{name} {number}" for name, number in ground.used.items())
    print("", *machine.description(servers), f"Rounds: {effort.rounds}, interleaved; medians.", sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
