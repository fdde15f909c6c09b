"""The audit log: append-only, one leaf hash per entry, written in the transaction of the action. Used by the unit of work.

An entry has a leaf, which is kept for ever, and a body, which may be dropped once its time is over (`audit_leaf`, `audit`;
docs/decisions/0004). The leaf is the Merkle leaf hash of RFC 6962 (section 2.1) over the body's canonical JSON; `audit_head`
holds the number of entries and a digest over all leaves, so that a changed or missing entry shows.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session, col, select

from shared.foundation.correlation import correlation_id
from shared.persistence.bulk_insert import Row
from shared.persistence.columns import for_update
from shared.persistence.models import AuditHead, AuditLeaf, AuditRow

MAIN = "main"


def entry(action: str, subject: str, *, actor: str, now: datetime, details: dict[str, Any]) -> Row:
    """The body of an entry without its place in the log, with the correlation id of the work in progress."""
    body = {"at": now, "actor": actor, "action": action, "subject": subject, "details": details}
    return body | {"correlation_id": correlation_id()}


def rows(session: Session, entries: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows of AuditLeaf and of AuditRow for these entries. Locks the log's head until the commit and moves it on."""
    if not entries:
        return [], []
    query = for_update(select(AuditHead).where(AuditHead.log == MAIN)).execution_options(populate_existing=True)
    head = session.exec(query).one()
    leaves, bodies = [], []
    for one in entries:
        body = {"log": MAIN, "number": head.count + 1, **one}
        leaf = leaf_hash(**body)
        head.count, head.digest = head.count + 1, chain(head.digest, leaf)
        leaves.append({"log": MAIN, "number": head.count, "leaf": leaf})
        bodies.append(body)
    session.add(head)
    return leaves, bodies


def leaf_hash(*, at: datetime, **body: Any) -> str:
    """SHA-256, hex, over 0x00 and the body as JSON with sorted keys and no blanks; `at` in UTC, to the microsecond.

    For strings, integers, booleans, lists and objects this is the canonical JSON of RFC 8785.
    """
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    text = json.dumps({"at": moment, **body}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x00" + text.encode()).hexdigest()


def chain(before: str, leaf: str) -> str:
    """The head's digest after one more leaf: SHA-256, hex, over the digest before and the leaf."""
    return hashlib.sha256((before + leaf).encode()).hexdigest()


def first_break(entries: Iterable[tuple[AuditLeaf, AuditRow | None]], head: AuditHead) -> int | None:
    """The number of the first entry that is missing or was changed; None if the log is whole.

    `entries` are the leaves in the order of their numbers, each with its body, or None where there is none. An entry whose
    leaf was changed with its body shows at the head only: the answer is then the number after the last entry.
    """
    digest, expected = "", 1
    for leaf, body in entries:
        is_whole = leaf.number < head.bodies_from if body is None else leaf.leaf == leaf_hash(**body.model_dump())
        if leaf.number != expected or not is_whole:
            return expected
        digest, expected = chain(digest, leaf.leaf), expected + 1
    return None if (expected - 1, digest) == (head.count, head.digest) else expected


def find_break(session: Session) -> int | None:
    """`first_break` of the log in the database, read in pages."""
    has_body = (col(AuditRow.log) == AuditLeaf.log) & (col(AuditRow.number) == AuditLeaf.number)
    query = select(AuditLeaf, AuditRow).outerjoin(AuditRow, has_body).where(AuditLeaf.log == MAIN)
    entries = session.exec(query.order_by(col(AuditLeaf.number)).execution_options(yield_per=500))
    return first_break(entries, session.get_one(AuditHead, MAIN))
