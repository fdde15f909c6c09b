"""A notice that no font can print names its characters and waits"""

import sqlalchemy as sa
from alembic import op

revision = 'scheduling_0004'
down_revision = 'scheduling_0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('notice') as batch_op:
        batch_op.add_column(sa.Column('held_for', sa.String(), nullable=False, server_default=''))


def downgrade() -> None:
    with op.batch_alter_table('notice') as batch_op:
        batch_op.drop_column('held_for')
