"""An account remembers that a refund was declined, and when its refunds were closed"""

import sqlalchemy as sa
from alembic import op

revision = 'billing_0002'
down_revision = 'billing_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('fee_account', schema=None) as batch_op:
        batch_op.add_column(sa.Column('refund_answered_at', sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column('refund_closed_at', sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('fee_account', schema=None) as batch_op:
        batch_op.drop_column('refund_closed_at')
        batch_op.drop_column('refund_answered_at')
