"""What pages need to read of the plumbing: a subject's audit history, and the times that people type. Used by pages.py."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from shared.foundation.clock import SHANGHAI
from shared.foundation.errors import FieldError, Invalid
from shared.persistence.models import AuditRow


def history(session: Session, subject: str, *, most: int = 50) -> Sequence[AuditRow]:
    """The newest audited acts on `subject`, newest first."""
    acts = select(AuditRow).where(AuditRow.subject == subject).order_by(col(AuditRow.id).desc()).limit(most)
    return session.exec(acts).all()


def typed_moment(text: str, *, field: str) -> datetime:
    """What a `datetime-local` entry sends (2021-12-06T09:00, China's time) as UTC. Raises Invalid, naming the field."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError as fault:
        faults = [FieldError(f"/{field}", "moment", "请填写日期和时间，例如 2021-12-06 09:00")]
        raise Invalid("日期和时间无法识别。", code="moment", faults=faults) from fault
