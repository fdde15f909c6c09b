"""Kept masks of ID numbers show the first and the last character only"""

import sqlalchemy as sa
from alembic import op

from shared.persistence.remasking import remask

revision = 'review_0002'
down_revision = 'review_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    remask(op.get_bind(), sa.table('review_case', sa.column('id'), sa.column('identity_mask'), sa.column('content', sa.JSON)))


def downgrade() -> None:
    """What a mask no longer shows is not to be had back."""
