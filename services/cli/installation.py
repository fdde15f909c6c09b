"""Commands for the office that runs an installation: run, first-account, replay, rebuild-timeline.

The last three act on the servers of the LINGJUN_ settings, in the portal's image; with --data, replay and
rebuild-timeline act on the folder of a stopped standalone installation.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.examples import examples
from services.loading import load, read_settings
from shared.foundation.errors import Invalid

if TYPE_CHECKING:
    from shared.wiring.process import Process
    from shared.wiring.settings import Settings

app = typer.Typer()
Stopped = Annotated[
    Path | None, typer.Option("--data", help="The folder of a stopped standalone installation, instead of the servers.")
]


@app.command(epilog=examples("lingjun run", "lingjun run --data var/trial --port 8001"))
def run(
    data: Annotated[Path, typer.Option(help="The folder for all data.")] = Path("var/house"),
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "WARNING",
    demo_from: Annotated[
        datetime | None,
        typer.Option(
            parser=datetime.fromisoformat,
            metavar="TIME",
            help="Start a demo whose clock is set to this time and does not advance.",
        ),
    ] = None,
) -> None:
    """Run the standalone server until Ctrl-C. It is one process with all services."""
    load("services.run").run(data, port=port, log_level=log_level, starts_at=demo_from)


@app.command(epilog=examples("lingjun first-account"))
def first_account() -> None:
    """Print the path of the first administrator's link. It is valid once; the line is empty if an account exists."""
    with _opened(read_settings("portal")) as process:
        typer.echo(load("services.portal.web").invite(process))


@app.command(
    epilog=examples("lingjun replay --list", "lingjun replay --queue review", "lingjun replay --data var/house --all")
)
def replay(
    data: Stopped = None,
    queue: Annotated[str, typer.Option(help="Only what this service gave up; its failed jobs: SERVICE.jobs.")] = "",
    kind: Annotated[str, typer.Option("--type", help="Only messages of this type.")] = "",
    reason: Annotated[str, typer.Option(help="Only messages whose reason holds this text.")] = "",
    everything: Annotated[bool, typer.Option("--all", help="Everything that waits.")] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Only count what would be sent, by service, type and reason.")
    ] = False,
) -> int:
    """Replay dead letters. Exits with 1 if the broker rejected some."""
    with _portal(data) as process:
        return int(
            load("services.portal.replay").replay(
                process, queue=queue, kind=kind, reason=reason, everything=everything, only_list=only_list
            )
        )


@app.command(epilog=examples("lingjun rebuild-timeline", "lingjun rebuild-timeline --data var/house"))
def rebuild_timeline(
    data: Stopped = None,
    lose_older: Annotated[
        bool, typer.Option("--lose-older", help="Go on although the log no longer holds everything.")
    ] = False,
) -> int:
    """Rebuild the timelines from the event log. The portal's bus must be stopped. Exits with 1 if events failed."""
    with _portal(data) as process:
        return int(load("services.portal.rebuild").rebuild(process, lose_older=lose_older))


@contextmanager
def _portal(data: Path | None) -> "Iterator[Process]":
    """Open the portal of the stopped installation in `data`, or of the settings if it is None, until the block ends."""
    if data:
        _log()
        with load("services.standalone").stopped_portal(data) as process:
            yield process
        return
    try:
        settings = read_settings("portal")
    except Invalid as fault:
        raise Invalid(
            "{fault}已停止的单机安装不用这些设置：请用 --data 指定它的数据目录。",
            code=fault.code,
            values={"fault": fault},
        ) from fault
    with _opened(settings) as process:
        yield process


@contextmanager
def _opened(settings: "Settings") -> "Iterator[Process]":
    """Open a process on the servers of its settings until the block ends. Raises Conflict without the database."""
    _log()
    process = load("shared.wiring.process").open_process(settings)
    try:
        with closing(process.database):
            yield process
    except load("sqlalchemy.exc").OperationalError as fault:
        raise load("shared.persistence.schema").unusable(settings.SERVICE, fault) from fault


def _log() -> None:
    load("shared.observability.logs").configure("portal", "WARNING")
