"""Ordering money back. Review orders, billing proposes and a second person there approves."""

from datetime import datetime

from sqlmodel import Session

from services.review.models import Case
from shared.events.review import RefundOrdered
from shared.persistence.outbox import publish


def order_refund(session: Session, case: Case, reason: str, *, now: datetime) -> None:
    """Orders whatever was paid to go back -> RefundOrdered. Also when nothing is known to be paid: money may be on its
    way, and billing passes over an order where nothing is left."""
    case.refund_ordered_at = now
    session.add(case)
    publish(session, RefundOrdered(application_id=case.id, programme=case.programme, reason=reason), now=now)
