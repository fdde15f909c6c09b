"""A letter may wait for the office's certificate"""

import sqlalchemy as sa
from alembic import op

revision = 'review_0006'
down_revision = 'review_0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('letter') as batch_op:
        batch_op.add_column(sa.Column('unsigned', sa.String(), nullable=False, server_default=''))


def downgrade() -> None:
    with op.batch_alter_table('letter') as batch_op:
        batch_op.drop_column('unsigned')
