"""Runs the standalone server for `lingjun run` and prints its address and the link for the first account."""

from datetime import datetime
from pathlib import Path

import uvloop

from services.portal.web import invite
from services.standalone import StandaloneServer
from shared.observability.logs import configure


def run(data: Path, *, port: int, log_level: str, starts_at: datetime | None) -> None:
    """Serve until SIGINT or SIGTERM. Raises Conflict if another process uses the folder or it has another mode."""
    configure("house", log_level)
    server = StandaloneServer(data, port=port, starts_at=starts_at)
    uvloop.run(server.run(lambda: _welcome(server, port)))


def _welcome(server: StandaloneServer, port: int) -> None:
    """Print the address and, while no account exists, the one-time link for the first administrator."""
    link = invite(server.processes["portal"])
    print(f"领军已启动:http://127.0.0.1:{port}  (Ctrl-C 停止)", flush=True)
    print(f"首个管理员账号(一次有效):http://127.0.0.1:{port}{link}" if link else "已就绪。", flush=True)
