"""The state of a fee account is called state, as everywhere"""

from shared.persistence.column_renames import rename_columns, restore_columns

revision = 'billing_0003'
down_revision = 'billing_0002'
branch_labels = None
depends_on = None

RENAMED = (
    ('fee_account', 'standing', 'state', True),
)


def upgrade() -> None:
    rename_columns(RENAMED)


def downgrade() -> None:
    restore_columns(RENAMED)
