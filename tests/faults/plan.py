"""Which process is killed or stopped when, by a seed. Called by run.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

SERVERS = ("rabbitmq", "postgresql", "redis")
SERVICES = ("portal", "intake", "review", "scheduling", "billing")
PARTS = ("web", "bus", "worker")
# One process of each kind that carries what the client posts; a short run kills these.
CARRIERS = {"web": ("intake",), "bus": ("intake", "review", "billing", "portal"), "worker": ("intake",)}
EVERYTHING_FROM_SECONDS = 600
# No fault in the first seconds, when nothing flows yet, nor in the last, when nobody would see the recovery.
QUIET_START = 6.0
QUIET_END = 18.0
EVERY_SECONDS = 9.0

Act = Literal["kill", "stop"]


@dataclass(frozen=True)
class Fault:
    """`target` is killed (SIGKILL, started again after `lasts` seconds) or stopped (SIGSTOP, and SIGCONT after them), `at`
    seconds after the first application."""

    at: float
    target: str
    act: Act
    lasts: float


def plan(seed: int, seconds: float) -> tuple[Fault, ...]:
    """The faults of a run: each server and one process of each kind is killed; every process, if the run lasts ten minutes.
    Stops, and more kills, in between. Raises ValueError when there is no room for all of them."""
    rng = Random(f"{seed}:faults")
    wanted = _must_die(rng, everything=seconds >= EVERYTHING_FROM_SECONDS)
    room = int((seconds - QUIET_START - QUIET_END) // EVERY_SECONDS)
    if room < len(wanted):
        raise ValueError(f"{seconds:.0f} s are too short for {len(wanted)} kills")
    wanted += [_any(rng) for _ in range(room - len(wanted))]
    rng.shuffle(wanted)
    return tuple(
        Fault(QUIET_START + EVERY_SECONDS * (place + rng.uniform(0, 0.6)), target, act, _lasts(rng, act))
        for place, (target, act) in enumerate(wanted)
    )


def kind_of(target: str) -> str:
    """The kind of a process: a server's own name, or web, bus, worker."""
    return target.rpartition("-")[2]


def processes() -> tuple[str, ...]:
    """Every process of the house."""
    return tuple(f"{service}-{part}" for service in SERVICES for part in PARTS)


def _must_die(rng: Random, *, everything: bool) -> list[tuple[str, Act]]:
    of_each_kind = [f"{rng.choice(services)}-{part}" for part, services in CARRIERS.items()]
    return [(target, "kill") for target in (*SERVERS, *(processes() if everything else of_each_kind))]


def _any(rng: Random) -> tuple[str, Act]:
    targets: Sequence[str] = rng.choice((SERVERS, [f"{rng.choice(on)}-{part}" for part, on in CARRIERS.items()]))
    return rng.choice(targets), rng.choice(("stop", "stop", "kill"))


def _lasts(rng: Random, act: Act) -> float:
    return rng.uniform(0.5, 3) if act == "kill" else rng.uniform(2, 6)
