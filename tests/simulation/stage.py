"""The interface of all actors to their world: read rows, act, read the clock. Used by the actors and world.py."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, TypeVar

from sqlmodel import select

from services.demo.programme import CODE, programme
from shared.events.intake import Programme
from shared.foundation.errors import Refusal
from tests.simulation.installation import Service, SimulatedMailer
from tests.simulation.nature import SimulatedClock

T = TypeVar("T")
QUOTA, APPLICANTS = 3, 8


def simulated_programme() -> Programme:
    """Return the reference programme with a small quota and waiting list."""
    return Programme.model_validate(programme() | {"quota": QUOTA, "waiting_list_places": 3})


@dataclass
class Stage:
    """The installation, its mails and its clock. `services_read`: services whose rows the current actor has read."""

    services: dict[str, Service]
    mailer: SimulatedMailer
    clock: SimulatedClock
    rng: Random
    seed_of_people: int
    services_read: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    _cache: dict[Any, tuple[int, Sequence[Any]]] = field(default_factory=dict)

    def rows(self, service: str, model: type[T], *conditions: Any) -> list[T]:
        """Return the matching rows of a table, read-only. They are cached until the service's next commit."""
        self.services_read.add(service)
        database, query = self.services[service].database, select(model).where(*conditions)
        key = query._generate_cache_key()
        assert key is not None
        cache_key = (service, key.key, tuple(str(one.effective_value) for one in key.bindparams))
        if cache_key not in self._cache or self._cache[cache_key][0] != database.commits:
            with database.reader() as session:
                self._cache[cache_key] = database.commits, session.exec(query).all()
        return list(self._cache[cache_key][1])

    def run_query(self, service: str, query: Callable[..., T], *arguments: Any, **options: Any) -> T:
        """Run a query function in a read-only session of the service."""
        self.services_read.add(service)
        with self.services[service].database.reader() as session:
            return query(session, *arguments, **options)

    def act(self, service: str, action: Callable[..., Any], *arguments: Any, actor: str, **options: Any) -> bool:
        """Run an action in a transaction. Return False if it raises a Refusal: the actor tries again later."""
        try:
            with self.services[service].database.transaction() as uow:
                action(uow, *arguments, actor=actor, now=self.clock.now(), **options)
        except Refusal as refusal:
            self.log.append(f"  {actor}: {action.__name__} refused: {refusal}")
            return False
        self.log.append(f"  {actor}: {action.__name__}")
        return True

    def act_on_any(self, items: Iterable[T], act: Callable[[T], bool]) -> bool:
        """Try the items in random order until `act` succeeds for one. Return whether it did."""
        found = list(items)
        return any(act(one) for one in self.rng.sample(found, len(found)))

    def chance(self, key: str, probability: float) -> bool:
        """Draw a fixed property of a person: it depends only on the seed and `key`, not on earlier events."""
        return Random(f"{self.seed_of_people}:{key}").random() < probability


Actor = Callable[[Stage], bool]
__all__ = ["APPLICANTS", "CODE", "QUOTA", "Actor", "Stage", "simulated_programme"]
