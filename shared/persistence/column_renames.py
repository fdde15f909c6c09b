"""Renames columns in migrations, with the index that is named after a column."""

from collections.abc import Iterable

from alembic import op

# Table, old name, new name, and whether an index of its own is named after the column.
Rename = tuple[str, str, str, bool]


def rename_columns(renames: Iterable[Rename]) -> None:
    """Rename each column. Both databases keep partial indexes on it; its plain index is made again under the new name."""
    for table, old, new, is_indexed in renames:
        if is_indexed:
            op.drop_index(f"ix_{table}_{old}", table_name=table)
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
        if is_indexed:
            op.create_index(f"ix_{table}_{new}", table, [new])


def restore_columns(renames: Iterable[Rename]) -> None:
    """The reverse of `rename_columns`, for a downgrade."""
    rename_columns((table, new, old, is_indexed) for table, old, new, is_indexed in renames)
