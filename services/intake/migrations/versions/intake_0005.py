"""The state of an application is called state, as everywhere"""

from alembic import op

revision = 'intake_0005'
down_revision = 'intake_0004'
branch_labels = None
depends_on = None

RENAMED = (
    ('application', 'status', 'state', True),
)


def upgrade() -> None:
    for table, old, new, is_indexed in RENAMED:
        _rename(table, old, new, is_indexed)


def downgrade() -> None:
    for table, old, new, is_indexed in RENAMED:
        _rename(table, new, old, is_indexed)


def _rename(table: str, old: str, new: str, is_indexed: bool) -> None:
    """Both databases carry the partial indexes of the column over; a plain index is named after it."""
    if is_indexed:
        op.drop_index(f'ix_{table}_{old}', table_name=table)
    op.execute(f'ALTER TABLE {table} RENAME COLUMN {old} TO {new}')
    if is_indexed:
        op.create_index(f'ix_{table}_{new}', table, [new])
