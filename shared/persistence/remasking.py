"""Shortens the masks of ID numbers that rows kept from when a mask still showed the district and the last four: with the birth
date beside it, such a mask told the number. Called by migrations."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, TableClause, select, update

from shared.adapters.keyring import mask_identity

_NAMES = frozenset({"identity", "identity_mask"})


def remask(connection: Connection, table: TableClause, *, without: Collection[str] = ()) -> None:
    """Rewrites every row whose masks are too long. The first column of `table` is its key, the others hold a mask or JSON with
    masks in it; fields of the JSON that `without` names are left out. A repeat changes nothing."""
    key, *kept = table.columns
    for row in connection.execute(select(key, *kept)).all():
        old = dict(zip((column.name for column in kept), row[1:], strict=True))
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
