"""A stored scan names the pictures of its pages, and the pages that are nearly blank"""

import sqlalchemy as sa
from alembic import op

revision = 'intake_0006'
down_revision = 'intake_0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('stored_scan') as batch_op:
        batch_op.add_column(sa.Column('pages', sa.JSON(), nullable=False, server_default='[]'))
        batch_op.add_column(sa.Column('blank_pages', sa.JSON(), nullable=False, server_default='[]'))


def downgrade() -> None:
    with op.batch_alter_table('stored_scan') as batch_op:
        batch_op.drop_column('blank_pages')
        batch_op.drop_column('pages')
