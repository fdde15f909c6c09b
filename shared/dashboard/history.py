"""Helpers for pages: the audit history of a subject, and parsing of time inputs. Used by all pages."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from shared.foundation.clock import SHANGHAI, parse_day
from shared.foundation.errors import FieldError, Invalid
from shared.persistence.models import AuditRow


def history(session: Session, subject: str, *, most: int = 50) -> Sequence[AuditRow]:
    """Return the latest audit entries of `subject`, newest first."""
    acts = select(AuditRow).where(AuditRow.subject == subject).order_by(col(AuditRow.number).desc()).limit(most)
    return session.exec(acts).all()


def typed_moment(text: str, *, field: str) -> datetime:
    """Convert the value of a `datetime-local` input (2021-12-06T09:00, China time) to UTC. Raises Invalid with the
    field."""
    try:
        parse_day(text[:10])
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)
    except ValueError as error:
        errors = [FieldError(f"/{field}", "moment", "请填写日期和时间，例如 2021-12-06 09:00")]
        raise Invalid("日期和时间无法识别。", code="moment", field_errors=errors) from error
