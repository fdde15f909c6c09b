"""An occurrence remembers its publisher's sequence number"""

import sqlalchemy as sa
from alembic import op

revision = 'portal_0003'
down_revision = 'portal_0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('occurrence', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sequence', sa.Integer(), nullable=False, server_default='0'))


def downgrade() -> None:
    with op.batch_alter_table('occurrence', schema=None) as batch_op:
        batch_op.drop_column('sequence')
