"""The audit log: append-only and hash-chained, written in the transaction of the action. Used by the unit of work."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from shared.foundation.correlation import correlation_id
from shared.persistence.bulk_insert import Row
from shared.persistence.columns import for_update
from shared.persistence.models import AuditHead, AuditRow


@dataclass(frozen=True)
class Entry:
    """One audited act, before it has its place in the chain."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: dict[str, Any]
    correlation_id: str


def entry(action: str, subject: str, *, actor: str, now: datetime, details: dict[str, Any]) -> Entry:
    """The act, with the correlation id of the work in progress."""
    return Entry(now, actor, action, subject, details, correlation_id())


def rows(session: Session, entries: Sequence[Entry]) -> list[Row]:
    """The rows of these entries, appended to the chain. Locks the chain's end until the commit."""
    if not entries:
        return []
    head = session.exec(
        for_update(select(AuditHead).where(AuditHead.id == 1)).execution_options(populate_existing=True)
    ).one()
    appended = []
    for one in entries:
        fields = {"id": head.count + 1, **vars(one)}
        head.count, head.digest = head.count + 1, _digest(head.digest, *fields.values())
        appended.append(fields | {"digest": head.digest})
    session.add(head)
    return appended


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
