"""Where a server of this run listens and how to sign in; handed between the keeper and the workers as a JSON file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Address:
    """A server on 127.0.0.1; `place` says where it came from, for the closing lines."""

    place: str
    port: int
    user: str
    password: str
    management_port: int = 0
