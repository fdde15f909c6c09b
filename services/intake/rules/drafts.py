"""Values of drafts, which are not validated yet. Called by services/intake/actions/drafts.py."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID


def merged(document: Any, patch: Any) -> Any:
    """Return the document after a JSON merge patch (RFC 7396): null removes a member, a list replaces a list."""
    if not isinstance(patch, Mapping):
        return patch
    kept = dict(document) if isinstance(document, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            kept.pop(name, None)
        else:
            kept[name] = merged(kept.get(name), value)
    return kept


def scan_ids(body: Mapping[str, Any]) -> set[UUID]:
    """Return the ids of scans in a draft's body. Values that are no id are omitted."""
    scans = body.get("scans")
    entries = [scan.get("file_id") for scan in scans if isinstance(scan, Mapping)] if isinstance(scans, list) else []
    return {found for entry in entries if (found := _uuid(entry))}


def _uuid(value: object) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
