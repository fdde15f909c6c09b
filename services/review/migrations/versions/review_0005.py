"""A printed letter has a check code"""

import sqlalchemy as sa
from alembic import op

revision = 'review_0005'
down_revision = 'review_0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('letter') as batch_op:
        batch_op.add_column(sa.Column('check_hash', sa.String(), nullable=True))
        batch_op.create_index('ix_letter_check_hash', ['check_hash'], unique=True)


def downgrade() -> None:
    with op.batch_alter_table('letter') as batch_op:
        batch_op.drop_index('ix_letter_check_hash')
        batch_op.drop_column('check_hash')
