"""A scan remembers the application that it is kept for"""

import sqlalchemy as sa
from alembic import op

revision = 'intake_0003'
down_revision = 'intake_0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('stored_scan', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kept_for', sa.Uuid(), nullable=True))
        batch_op.create_foreign_key('stored_scan_kept_for_fkey', 'application', ['kept_for'], ['id'])


def downgrade() -> None:
    with op.batch_alter_table('stored_scan', schema=None) as batch_op:
        batch_op.drop_constraint('stored_scan_kept_for_fkey', type_='foreignkey')
        batch_op.drop_column('kept_for')
