"""Refund orders. Review orders a refund; billing proposes it, and a second person there approves it."""

from datetime import datetime

from services.review.models import Case
from shared.events.review import RefundOrdered
from shared.persistence.unit_of_work import UnitOfWork


def order_refund(uow: UnitOfWork, case: Case, reason: str, *, now: datetime) -> None:
    """Publish RefundOrdered for all payments of a case. Also done when no payment is known: money may be on its way,
    and billing ignores an order without anything to refund."""
    case.refund_ordered_at = now
    uow.session.add(case)
    uow.publish(RefundOrdered(application_id=case.id, programme=case.programme, reason=reason), now=now)
