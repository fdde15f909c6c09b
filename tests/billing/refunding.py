"""Helpers for the tests of refunds: order a refund, and import the statement that pays it."""

from datetime import UTC, date, datetime, timedelta

from shared.events.review import ApplicantNotSelected, RefundOrdered
from tests.billing.desk import CODE, Desk, application_id
from tests.billing.money import LAST_DAY, Line, statement_of
from tests.billing.snapshots import FEE

DAY = datetime(2021, 11, 25, 2, tzinfo=UTC)
SENT = datetime(2021, 12, 20, 2, tzinfo=UTC)
NEXT_DAY = LAST_DAY + timedelta(days=1)


def refund_ordered(number: int) -> RefundOrdered:
    """Build review's refund order for an application."""
    return RefundOrdered(application_id=application_id(number), programme=CODE, reason="未入选")


def end_with_refund(desk: Desk, number: int) -> None:
    """End an application without a seat, and order the refund of its payments."""
    desk.handle(ApplicantNotSelected(application_id=application_id(number), programme=CODE, rank=60))
    desk.handle(refund_ordered(number))


def december(*lines: Line, opening_fen: int = FEE) -> tuple[bytes, str]:
    """Return the statement of December."""
    return statement_of(*lines, first_day=NEXT_DAY, last_day=date(2021, 12, 31), opening_fen=opening_fen)
