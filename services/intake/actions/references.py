"""Allocate payment references (shared/foundation/checkdigits.py). Each year has its own number range."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.intake.models import ReferenceCounter
from shared.events.intake import Programme
from shared.foundation.checkdigits import payment_reference
from shared.foundation.clock import local
from shared.persistence.columns import for_update

_RANGE_SIZE = 10_000


class References:
    """Counters of payment references, one per year over all programmes, added with the year's first application.

    A year that has used up its range continues in the next year's range, so that no reference is issued twice. The
    counters stay locked until the commit.
    """

    def __init__(self, session: Session) -> None:
        query = for_update(select(ReferenceCounter).order_by(col(ReferenceCounter.year)))
        rows: Sequence[ReferenceCounter] = session.exec(query.execution_options(populate_existing=True)).all()
        self._session, self._counters = session, {row.year: row for row in rows}
        self._newest = max((row.year % 100 * _RANGE_SIZE + row.last for row in self._counters.values()), default=0)

    def next(self, programme: Programme) -> str:
        """Return the next reference of the year in which the programme opens."""
        year = local(programme.opens_at).year
        range_start = year % 100 * _RANGE_SIZE
        self._newest = max(self._newest, range_start) + 1
        if year not in self._counters:
            self._counters[year] = ReferenceCounter(year=year)
            self._session.add(self._counters[year])
        self._counters[year].last = self._newest - range_start
        return payment_reference(self._newest)
