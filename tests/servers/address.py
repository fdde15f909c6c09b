"""Address and credentials of a server of this run. The keeper passes them to the test workers in a JSON file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """A server on 127.0.0.1; `place` states its origin for the summary of the test run."""

    place: str
    port: int
    user: str
    password: str
    management_port: int = 0
