"""Gap-free numbers of documents and refunds: SK-2021-000001. Called by billing's other actions, under the programme's lock."""

from datetime import datetime

from sqlmodel import Session, select

from services.billing.models import NumberSeries
from shared.foundation.clock import local
from shared.persistence.columns import for_update


def next_number(session: Session, series: str, *, now: datetime) -> str:
    """The next number of the series in its year (of Asia/Shanghai). Given up with the transaction, so none is lost."""
    name = f"{series}-{local(now).year}"
    row = session.exec(
        for_update(select(NumberSeries).where(NumberSeries.series == name)).execution_options(populate_existing=True)
    ).one_or_none() or NumberSeries(series=name, last=0)
    row.last += 1
    session.add(row)
    session.flush()
    return f"{name}-{row.last:06d}"
