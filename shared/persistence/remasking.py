"""Shorten stored masks of ID numbers. Called by migrations.

Earlier masks showed the district and the last four digits. Together with a birth date they revealed the whole number.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, TableClause, select, update

from shared.adapters.keyring import mask_identity

_NAMES = frozenset({"identity", "identity_mask"})


def remask(connection: Connection, table: TableClause, *, without: Collection[str] = ()) -> None:
    """Rewrite every row of `table` whose masks are too long. Its first column is the key; the others hold a mask, or
    JSON that contains masks. The JSON fields named in `without` are removed. A repeat changes nothing."""
    key, *masked = table.columns
    for row in connection.execute(select(key, *masked)).all():
        old = dict(zip((column.name for column in masked), row[1:], strict=True))
        new = _shortened(old, without)
        if new != old:
            connection.execute(update(table).where(key == row[0]).values(new))


def _shortened(value: Any, without: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_shortened(inner, without) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _mask(inner) if name in _NAMES else _shortened(inner, without)
        for name, inner in value.items()
        if name not in without
    }


def _mask(value: Any) -> Any:
    if isinstance(value, dict):
        return value | {"mask": mask_identity(value["mask"])}
    return mask_identity(value)
