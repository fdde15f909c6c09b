"""The whole house from one command line: run, replay, rebuild-timeline. `python -m services --help`. The demo is `services.demo`."""

import argparse
import sys
from datetime import datetime
from pathlib import Path

import uvloop

from services.portal.rebuild import add_options, rebuild
from services.portal.replay import add_choice, replay
from services.portal.web import invite
from services.standalone import StandaloneServer, stopped_portal
from shared.foundation.errors import Refusal
from shared.observability.logs import configure


def main() -> int:
    """Runs one command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m services", description="Lingjun 领军")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    _add_replay(commands)
    _add_rebuild(commands)
    given = parser.parse_args()
    try:
        return int(given.run(given))
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = commands.add_parser("run", help="the embedded house, until Ctrl-C")
    run.add_argument("--data", type=Path, default=Path("var/house"), help="the folder that keeps everything")
    run.add_argument("--port", type=int, default=8000)
    run.add_argument("--log-level", default="WARNING")
    run.add_argument("--demo-from", type=datetime.fromisoformat, help="start a demo whose clock stands at this time")
    run.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    configure("house", given.log_level)
    server = StandaloneServer(given.data, port=given.port, starts_at=given.demo_from)
    uvloop.run(server.run(lambda: _welcome(server, given.port)))
    return 0


def _add_replay(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser("replay", help="send dead letters of a house that does not run again")
    command.add_argument("--data", type=Path, default=Path("var/house"))
    add_choice(command)
    command.set_defaults(run=_replay)


def _replay(given: argparse.Namespace) -> int:
    configure("portal", "WARNING")
    with stopped_portal(given.data) as portal:
        return replay(portal, given)


def _add_rebuild(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = commands.add_parser(
        "rebuild-timeline", help="fill the timelines of a house that does not run from its log"
    )
    command.add_argument("--data", type=Path, default=Path("var/house"))
    add_options(command)
    command.set_defaults(run=_rebuild)


def _rebuild(given: argparse.Namespace) -> int:
    configure("portal", "WARNING")
    with stopped_portal(given.data) as portal:
        return rebuild(portal, given)


def _welcome(server: StandaloneServer, port: int) -> None:
    """Says where the house is, and, while there is no account, how to make the first one."""
    link = invite(server.processes["portal"])
    print(f"领军已启动:http://127.0.0.1:{port}  (Ctrl-C 停止)", flush=True)
    print(f"首个管理员账号(一次有效):http://127.0.0.1:{port}{link}" if link else "已就绪。", flush=True)


if __name__ == "__main__":
    sys.exit(main())
