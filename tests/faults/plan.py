"""Plans which process is killed or stopped at which time, from a seed. Called by run.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from shared.wiring.registry import SERVICES

SERVERS = ("rabbitmq", "postgresql", "redis")
PARTS = ("web", "bus", "worker")
# The processes that handle the client's applications; a short run kills one of each kind.
CARRIERS = {"web": ("intake",), "bus": ("intake", "review", "billing", "portal"), "worker": ("intake",)}
EVERYTHING_FROM_SECONDS = 600
# No faults in the first seconds, before traffic starts, and in the last, when no recovery would be measured.
QUIET_START = 6.0
QUIET_END = 18.0
EVERY_SECONDS = 9.0

Act = Literal["kill", "stop"]


@dataclass(frozen=True)
class Fault:
    """A fault `at` seconds after the first application.

    `target` is killed (SIGKILL, restarted after `lasts` seconds) or stopped (SIGSTOP, SIGCONT after `lasts` seconds).
    """

    at: float
    target: str
    act: Act
    lasts: float


def plan(seed: int, seconds: float) -> tuple[Fault, ...]:
    """Return the faults of a run of `seconds` in order.

    Each server and one process of each kind is killed; in a run of at least ten minutes, every process. More stops and
    kills follow in between. Raises ValueError if the run is too short for all kills.
    """
    rng = Random(f"{seed}:faults")
    planned = _must_die(rng, everything=seconds >= EVERYTHING_FROM_SECONDS)
    slots = int((seconds - QUIET_START - QUIET_END) // EVERY_SECONDS)
    if slots < len(planned):
        raise ValueError(f"{seconds:.0f} s are too short for {len(planned)} kills")
    planned += [_any(rng) for _ in range(slots - len(planned))]
    rng.shuffle(planned)
    return tuple(
        Fault(QUIET_START + EVERY_SECONDS * (place + rng.uniform(0, 0.6)), target, act, _lasts(rng, act))
        for place, (target, act) in enumerate(planned)
    )


def kind_of(target: str) -> str:
    """Return the kind of a process: a server's name, or web, bus, worker."""
    return target.rpartition("-")[2]


def processes() -> tuple[str, ...]:
    """Return all processes of the services."""
    return tuple(f"{service}-{part}" for service in SERVICES for part in PARTS)


def _must_die(rng: Random, *, everything: bool) -> list[tuple[str, Act]]:
    of_each_kind = [f"{rng.choice(services)}-{part}" for part, services in CARRIERS.items()]
    return [(target, "kill") for target in (*SERVERS, *(processes() if everything else of_each_kind))]


def _any(rng: Random) -> tuple[str, Act]:
    targets: Sequence[str] = rng.choice((SERVERS, [f"{rng.choice(on)}-{part}" for part, on in CARRIERS.items()]))
    return rng.choice(targets), rng.choice(("stop", "stop", "kill"))


def _lasts(rng: Random, act: Act) -> float:
    return rng.uniform(0.5, 3) if act == "kill" else rng.uniform(2, 6)
