"""The audit log: append-only and hash-chained, written in the action's own transaction. Used by every action."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from shared.foundation.correlation import correlation_id
from shared.persistence.bulk_insert import bulk_insert
from shared.persistence.columns import for_update
from shared.persistence.models import AuditHead, AuditRow

_PENDING = "audit_pending"


def record(
    session: Session, action: str, subject: str, *, actor: str, now: datetime, details: dict[str, Any] | None = None
) -> None:
    """Notes who did what to whom. `details` holds no sensitive value in clear. Joins the chain when the edge commits."""
    act = (now, actor, action, subject, details or {}, correlation_id())
    session.info.setdefault(_PENDING, []).append(act)


def append_pending(session: Session) -> None:
    """Appends what was recorded to the chain. Called by the edge just before the commit, so the chain's end, which everybody
    shares, is locked last, with nothing after it but the rows to write; at `record` it would deadlock with the subjects' locks."""
    pending = session.info.pop(_PENDING, [])
    if not pending:
        return
    head = session.exec(
        for_update(select(AuditHead).where(AuditHead.id == 1)).execution_options(populate_existing=True)
    ).one()
    rows = []
    for at, actor, action, subject, details, correlation in pending:
        fields = {"id": head.count + 1, "at": at, "actor": actor, "action": action, "subject": subject}
        fields |= {"details": details, "correlation_id": correlation}
        head.count, head.digest = head.count + 1, _digest(head.digest, *fields.values())
        rows.append(fields | {"digest": head.digest})
    bulk_insert(session, AuditRow, rows)
    session.add(head)


def digest(before: str, row: AuditRow) -> str:
    """SHA-256, hex, over the digest before and every field of the row."""
    return _digest(before, row.id, row.at, row.actor, row.action, row.subject, row.details, row.correlation_id)


def _digest(before: str, number: int, at: datetime, *fields: Any) -> str:
    told = [number, at.isoformat(), *fields]
    return hashlib.sha256((before + json.dumps(told, ensure_ascii=False, sort_keys=True)).encode()).hexdigest()


def first_break(rows: Iterable[AuditRow], head: AuditHead) -> int | None:
    """The id at which the chain breaks, or None if it is whole. `rows` in order of id."""
    before, expected = "", 1
    for row in rows:
        if row.id != expected or row.digest != digest(before, row):
            return expected
        before, expected = row.digest, expected + 1
    return None if (expected - 1, before) == (head.count, head.digest) else expected
