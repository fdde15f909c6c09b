"""The command line of the standalone installation: run, replay, rebuild-timeline.

`python -m services --help` lists the options. The demo has its own command, `services.demo`.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path

import uvloop

from services.portal.rebuild import add_options, rebuild
from services.portal.replay import add_selection_options, replay
from services.portal.web import invite
from services.standalone import StandaloneServer, stopped_portal
from shared.foundation.errors import Refusal
from shared.observability.logs import configure


def main() -> int:
    """Run one command. Return its exit code; 2 when the command raised a Refusal."""
    parser = argparse.ArgumentParser(prog="python -m services", description="Lingjun 领军")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    _add_replay(commands)
    _add_rebuild(commands)
    arguments = parser.parse_args()
    try:
        return int(arguments.run(arguments))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="run the standalone server until Ctrl-C")
    run.add_argument("--data", type=Path, default=Path("var/house"), help="the folder for all data")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--log-level", default="WARNING")
    run.add_argument(
        "--demo-from",
        type=datetime.fromisoformat,
        help="start a demo whose clock is set to this time and does not advance",
    )
    run.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    configure("house", arguments.log_level)
    server = StandaloneServer(arguments.data, port=arguments.port, starts_at=arguments.demo_from)
    uvloop.run(server.run(lambda: _welcome(server, arguments.port)))
    return 0


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("replay", help="replay dead letters of a stopped installation")
    command.add_argument("--data", type=Path, default=Path("var/house"))
    add_selection_options(command)
    command.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    configure("portal", "WARNING")
    with stopped_portal(arguments.data) as portal:
        return replay(portal, arguments)


def _add_rebuild(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "rebuild-timeline", help="rebuild the timelines of a stopped installation from its event log"
    )
    command.add_argument("--data", type=Path, default=Path("var/house"))
    add_options(command)
    command.set_defaults(run=_rebuild)


def _rebuild(arguments: argparse.Namespace) -> int:
    configure("portal", "WARNING")
    with stopped_portal(arguments.data) as portal:
        return rebuild(portal, arguments)


def _welcome(server: StandaloneServer, port: int) -> None:
    """Print the address and, while no account exists, the one-time link for the first administrator."""
    link = invite(server.processes["portal"])
    print(f"领军已启动:http://127.0.0.1:{port}  (Ctrl-C 停止)", flush=True)
    print(f"首个管理员账号(一次有效):http://127.0.0.1:{port}{link}" if link else "已就绪。", flush=True)


if __name__ == "__main__":
    sys.exit(main())
