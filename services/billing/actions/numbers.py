"""Gap-free numbers of documents and refunds: SK-2021-000001. Called by billing's other actions, under the programme's
lock.
"""

from datetime import datetime

from sqlmodel import select

from services.billing.models import NumberSeries
from shared.foundation.clock import local
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def next_number(uow: UnitOfWork, series: str, *, now: datetime) -> str:
    """Return the next number of the series in its year (Asia/Shanghai). It rolls back with the transaction, so none is
    lost."""
    name = f"{series}-{local(now).year}"
    row = uow.session.exec(
        for_update(select(NumberSeries).where(NumberSeries.series == name)).execution_options(populate_existing=True)
    ).one_or_none() or NumberSeries(series=name, last=0)
    row.last += 1
    uow.session.add(row)
    uow.session.flush()
    return f"{name}-{row.last:06d}"
