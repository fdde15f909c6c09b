"""States are called state, and the time at which a programme arrived received_at"""

from shared.persistence.column_renames import rename_columns, restore_columns

revision = 'scheduling_0003'
down_revision = 'scheduling_0002'
branch_labels = None
depends_on = None

RENAMED = (
    ('programme', 'heard_at', 'received_at', False),
    ('candidate', 'status', 'state', True),
    ('interview', 'status', 'state', True),
    ('proposal', 'status', 'state', False),
    ('student', 'status', 'state', True),
    ('plan', 'status', 'state', False),
)


def upgrade() -> None:
    rename_columns(RENAMED)


def downgrade() -> None:
    restore_columns(RENAMED)
