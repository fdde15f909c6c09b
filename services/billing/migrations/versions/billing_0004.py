"""A document that no font can print names its characters and waits"""

import sqlalchemy as sa
from alembic import op

revision = 'billing_0004'
down_revision = 'billing_0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('document') as batch_op:
        batch_op.add_column(sa.Column('held_for', sa.String(), nullable=False, server_default=''))


def downgrade() -> None:
    with op.batch_alter_table('document') as batch_op:
        batch_op.drop_column('held_for')
