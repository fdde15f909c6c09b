"""Ordering money back. Review orders, billing proposes and a second person there approves."""

from datetime import datetime

from services.review.models import Case
from shared.events.review import RefundOrdered
from shared.persistence.unit_of_work import UnitOfWork


def order_refund(uow: UnitOfWork, case: Case, reason: str, *, now: datetime) -> None:
    """Orders whatever was paid to go back -> RefundOrdered. Also when nothing is known to be paid: money may be on its
    way, and billing passes over an order where nothing is left."""
    case.refund_ordered_at = now
    uow.session.add(case)
    uow.publish(RefundOrdered(application_id=case.id, programme=case.programme, reason=reason), now=now)
