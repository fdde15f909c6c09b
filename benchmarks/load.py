"""Start the load client against a port. Used by the rows that post applications."""

import json
import subprocess
import sys
from dataclasses import dataclass
from itertools import count

from benchmarks.ground import ROOT

# More than any measured server answers per second on one machine.
_MOST_A_SECOND = 6000
_LONGEST_SECONDS = 10
_SERIALS = count(1, _MOST_A_SECOND * _LONGEST_SECONDS)


@dataclass(frozen=True)
class Answered:
    """Outcome of a load: start and end in monotonic seconds, delays in milliseconds."""

    answered: int
    started: float
    ended: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Responses per second."""
        return self.answered / (self.ended - self.started)


def post(port: int, path: str, *, key: str = "none", connections: int, seconds: float) -> Answered:
    """Post applications of new people. Raises CalledProcessError with the first response that is not 201."""
    most = int(_MOST_A_SECOND * min(seconds, _LONGEST_SECONDS))
    values = {"port": port, "connections": connections, "first": next(_SERIALS), "most": most, "seconds": seconds}
    options = [f"--{name}={value}" for name, value in (values | {"path": path, "key": key}).items()]
    command = [sys.executable, "-m", "benchmarks.client", *options]
    finished = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return Answered(**json.loads(finished.stdout))
