"""Address and credentials of a server of this run. The keeper passes them to the test workers in a JSON file."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Address:
    """A server on 127.0.0.1; `place` states its origin for the summary of the test run."""

    place: str
    port: int
    user: str
    password: str
    management_port: int = 0


def servers_used(run_directory: Path) -> list[str]:
    """Return the servers that the run has started, for its summary."""
    answers = sorted(run_directory.glob("*.json"))
    return [f"{path.stem} ({json.loads(path.read_text()).get('place', 'did not start')})" for path in answers]
