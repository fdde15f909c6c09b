"""A job remembers the trace that it was started in"""

import sqlalchemy as sa
from alembic import op

revision = 'plumbing_0002'
down_revision = 'plumbing_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.add_column(sa.Column('traceparent', sa.String(), server_default='', nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.drop_column('traceparent')
