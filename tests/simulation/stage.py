"""What every actor of a world needs: to look at a service's rows, to act, to know the time. Used by the actors and world.py."""

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
    """The reference programme, made small."""
    return Programme.model_validate(programme() | {"quota": QUOTA, "waiting_list_places": 3})


@dataclass
class Stage:
    """The house, its post box and its clock. `looked_at`: the services whose rows somebody looked at."""

    services: dict[str, Service]
    mailer: SimulatedMailer
    clock: SimulatedClock
    rng: Random
    seed_of_people: int
    looked_at: set[str] = field(default_factory=set)
    log: list[str] = field(default_factory=list)

    _read: dict[Any, tuple[int, Sequence[Any]]] = field(default_factory=dict)

    def rows(self, service: str, model: type[T], *conditions: Any) -> list[T]:
        """The rows of a table, to look at; read again only once something was committed."""
        self.looked_at.add(service)
        database, query = self.services[service].database, select(model).where(*conditions)
        key = query._generate_cache_key()
        assert key is not None
        asked = (service, key.key, tuple(str(one.effective_value) for one in key.bindparams))
        if asked not in self._read or self._read[asked][0] != database.commits:
            with database.reader() as session:
                self._read[asked] = database.commits, session.exec(query).all()
        return list(self._read[asked][1])

    def ask(self, service: str, query: Callable[..., T], *given: Any, **more: Any) -> T:
        """Asks a query of the service."""
        self.looked_at.add(service)
        with self.services[service].database.reader() as session:
            return query(session, *given, **more)

    def act(self, service: str, action: Callable[..., Any], *given: Any, actor: str, **more: Any) -> bool:
        """Somebody acts. False when refused, which people live with: they look again later."""
        try:
            with self.services[service].database.transaction() as uow:
                action(uow, *given, actor=actor, now=self.clock.now(), **more)
        except Refusal as refusal:
            self.log.append(f"  {actor}: {action.__name__} refused: {refusal}")
            return False
        self.log.append(f"  {actor}: {action.__name__}")
        return True

    def one_of(self, things: Iterable[T], act: Callable[[T], bool]) -> bool:
        """Acts on one of these, in any order, until that is not refused."""
        found = list(things)
        return any(act(one) for one in self.rng.sample(found, len(found)))

    def chance(self, key: str, probability: float) -> bool:
        """What a person is like: drawn once for `key`, the same whatever happened before."""
        return Random(f"{self.seed_of_people}:{key}").random() < probability


Actor = Callable[[Stage], bool]
__all__ = ["APPLICANTS", "CODE", "QUOTA", "Actor", "Stage", "simulated_programme"]
