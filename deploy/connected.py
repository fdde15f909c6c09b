"""Health check of processes without a web server: is there a connection that lasts to each of these ports, on any host?

Called by docker-compose.yml. The broker ends a connection whose heartbeats stop, so a process that hangs loses it. A process
that is turned away again and again has one for moments only, so the same connection must be seen twice.
"""

import sys
import time
from pathlib import Path

ESTABLISHED = "01"
BETWEEN_SECONDS = 2
Connection = tuple[str, str]


def established() -> set[Connection]:
    """The established connections of this host's /proc/net/tcp tables: (near end, far end), as they stand there."""
    tables = [path.read_text() for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {(row[1], row[2]) for row in rows if row[3] == ESTABLISHED}


def main(ports: set[int]) -> int:
    """The exit code: 0 when connected to every one."""
    before = established()
    time.sleep(BETWEEN_SECONDS)
    lasting = before & established()
    return 0 if ports <= {int(far.rpartition(":")[2], 16) for _near, far in lasting} else 1


if __name__ == "__main__":
    sys.exit(main(set(map(int, sys.argv[1:]))))
