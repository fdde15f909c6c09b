"""Health check of processes without a web server: check for a lasting connection to each of the given ports, on any host.

Called by docker-compose.yml. The broker closes a connection whose heartbeats stop, so a process that hangs loses it. A
process whose connections are refused repeatedly has one only briefly, so the same connection must be seen twice.
"""

import sys
import time
from pathlib import Path

ESTABLISHED = "01"
BETWEEN_SECONDS = 2
Connection = tuple[str, str]


def established() -> set[Connection]:
    """Return the established connections in /proc/net/tcp and tcp6: (local, remote address) in hexadecimal."""
    tables = [path.read_text() for path in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")) if path.exists()]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {(row[1], row[2]) for row in rows if row[3] == ESTABLISHED}


def main(ports: set[int]) -> int:
    """Return the exit code: 0 if every port has a lasting connection, else 1."""
    before = established()
    time.sleep(BETWEEN_SECONDS)
    lasting = before & established()
    return 0 if ports <= {int(remote.rpartition(":")[2], 16) for _local, remote in lasting} else 1


if __name__ == "__main__":
    sys.exit(main(set(map(int, sys.argv[1:]))))
