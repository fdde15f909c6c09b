"""The state of an application is called state, as everywhere"""

from shared.persistence.column_renames import rename_columns, restore_columns

revision = 'intake_0005'
down_revision = 'intake_0004'
branch_labels = None
depends_on = None

RENAMED = (
    ('application', 'status', 'state', True),
)


def upgrade() -> None:
    rename_columns(RENAMED)


def downgrade() -> None:
    restore_columns(RENAMED)
