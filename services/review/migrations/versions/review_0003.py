"""The time at which a programme arrived is called received_at"""

from shared.persistence.column_renames import rename_columns, restore_columns

revision = 'review_0003'
down_revision = 'review_0002'
branch_labels = None
depends_on = None

RENAMED = (
    ('programme', 'heard_at', 'received_at', False),
)


def upgrade() -> None:
    rename_columns(RENAMED)


def downgrade() -> None:
    restore_columns(RENAMED)
