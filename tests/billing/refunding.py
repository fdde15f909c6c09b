"""Money that is ordered to go back, and the statement in which it has gone. Used by the tests of refunds beside it."""

from datetime import UTC, date, datetime, timedelta

from shared.events.review import ApplicantNotSelected, RefundOrdered
from tests.billing.desk import CODE, Desk, application_id
from tests.billing.money import LAST_DAY, Line, statement_of
from tests.billing.snapshots import FEE

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
SENT = datetime(2021, 12, 20, 2, tzinfo=UTC)
NEXT_DAY = LAST_DAY + timedelta(days=1)


def ordered(number: int) -> RefundOrdered:
    """Review's order for an application."""
    return RefundOrdered(application_id=application_id(number), programme=CODE, reason="未入选")


def ended(desk: Desk, number: int) -> None:
    """An application ends without a seat, and what was paid is ordered to go back."""
    desk.say(ApplicantNotSelected(application_id=application_id(number), programme=CODE, rank=60))
    desk.say(ordered(number))


def december(*lines: Line, opening_fen: int = FEE) -> tuple[bytes, str]:
    """The statement of December."""
    return statement_of(*lines, first_day=NEXT_DAY, last_day=date(2021, 12, 31), opening_fen=opening_fen)
