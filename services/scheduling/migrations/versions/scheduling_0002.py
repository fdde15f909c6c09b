"""Kept masks of ID numbers show the first and the last character only"""

import sqlalchemy as sa
from alembic import op

from shared.persistence.remasking import remask

revision = 'scheduling_0002'
down_revision = 'scheduling_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    remask(op.get_bind(), sa.table('student', sa.column('application_id'), sa.column('identity_mask'), sa.column('identity', sa.JSON)))


def downgrade() -> None:
    """What a mask no longer shows is not to be had back."""
