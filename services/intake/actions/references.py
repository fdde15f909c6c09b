"""Payment references (shared/foundation/checkdigits.py): a number range for each year, begun by the year's first application."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from services.intake.models import ReferenceCounter
from shared.events.intake import Programme
from shared.foundation.checkdigits import payment_reference
from shared.foundation.clock import local
from shared.persistence.columns import for_update

_A_YEAR = 10_000


class References:
    """Counts on through a year over all programmes, and through the next one's range once a year's is used up, so that no
    reference is given twice. The counters stay locked until the commit."""

    def __init__(self, session: Session) -> None:
        query = for_update(select(ReferenceCounter).order_by(col(ReferenceCounter.year)))
        rows: Sequence[ReferenceCounter] = session.exec(query.execution_options(populate_existing=True)).all()
        self._session, self._counters = session, {row.year: row for row in rows}
        self._newest = max((row.year % 100 * _A_YEAR + row.last for row in self._counters.values()), default=0)

    def next(self, programme: Programme) -> str:
        """The next reference of the year in which the programme opens."""
        year = local(programme.opens_at).year
        begun = year % 100 * _A_YEAR
        self._newest = max(self._newest, begun) + 1
        if year not in self._counters:
            self._counters[year] = ReferenceCounter(year=year)
            self._session.add(self._counters[year])
        self._counters[year].last = self._newest - begun
        return payment_reference(self._newest)
