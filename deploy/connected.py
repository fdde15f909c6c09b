"""Health check of processes without a web server: is there an established connection to each of these ports, on any host?

Called by docker-compose.yml. The broker ends a connection whose heartbeats stop, so a process that hangs loses it.
"""

import sys
from pathlib import Path

ESTABLISHED = "01"


def remote_ports(table: str) -> set[int]:
    """The ports at the far ends of the established connections of a /proc/net/tcp table."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return {int(row[2].rpartition(":")[2], 16) for row in rows if row[3] == ESTABLISHED}


def main(ports: set[int]) -> int:
    """The exit code: 0 when connected to every one."""
    tables = [path.read_text() for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    return 0 if ports <= set().union(*map(remote_ports, tables)) else 1


if __name__ == "__main__":
    sys.exit(main(set(map(int, sys.argv[1:]))))
