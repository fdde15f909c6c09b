"""Commands for developers and trials: demo, simulate, faults, bench. They need the whole source tree."""

from pathlib import Path
from typing import Annotated

import typer

from services.cli.examples import examples
from services.loading import load

app = typer.Typer()


@app.command(epilog=examples("lingjun demo", "lingjun demo --exit --seed 2"))
def demo(
    data: Annotated[Path, typer.Option(help="The folder for all data; an earlier demo in it is removed.")] = Path(
        "var/demo"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    seed: Annotated[int, typer.Option(help="Determines the invented input.")] = 1,
    ends: Annotated[bool, typer.Option("--exit", help="End after the summary.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Resume a demo that was killed.")] = False,
) -> int:
    """Play the 2021 programme and print its summary. Exits with 1 if a line of it fails."""
    return int(load("services.demo.command").demo(data, port=port, seed=seed, ends=ends, resume=resume))


@app.command(epilog=examples("lingjun simulate --worlds 1000", "lingjun simulate --seed 123"))
def simulate(
    worlds: Annotated[int, typer.Option(min=1)] = 200,
    first: Annotated[int, typer.Option(help="The first seed.")] = 0,
    seed: Annotated[
        int | None, typer.Option(help="Play only this world and show its shortest failing history.")
    ] = None,
) -> int:
    """Play simulated worlds on all cores. Exits with 1 if one fails."""
    seeds = range(first, first + worlds) if seed is None else [seed]
    return int(load("tests.simulation.command").simulate(seeds))


@app.command(epilog=examples("lingjun faults --minutes 2", "lingjun faults --minutes 10 --seed 5"))
def faults(
    minutes: Annotated[
        float, typer.Option(help="Duration of posting; from 10 minutes on every process is killed.")
    ] = 2.0,
    seed: Annotated[int | None, typer.Option(help="Determines the faults and their times.")] = None,
    beforehand: Annotated[
        bool, typer.Option("--beforehand", help="Upload the scans beforehand and post 100 applications a second.")
    ] = False,
    rate: Annotated[float | None, typer.Option(help="Applications per second, instead of 20 or 100.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep logs, files and mail here, even after a success.")] = None,
) -> int:
    """Kill processes while applications come in. Then compare the ledger. Exits with 1 if a line fails."""
    return int(
        load("tests.faults.command").inject_faults(
            minutes=minutes, seed=seed, beforehand=beforehand, rate=rate, folder=folder
        )
    )


@app.command(epilog=examples("lingjun bench", "lingjun bench --only relay --rounds 5"))
def bench(
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    seconds: Annotated[float, typer.Option(help="Seconds of load in each round.")] = 3.0,
    events: Annotated[int, typer.Option(min=1, help="Events in each batch that is waited for.")] = 5000,
    only: Annotated[list[str] | None, typer.Option(help="Rows whose key begins so; may be repeated.")] = None,
) -> None:
    """Measure the product beside the usual stack. Prints a table in Markdown."""
    load("benchmarks.command").measure(rounds=rounds, seconds=seconds, events=events, only=only or [])
