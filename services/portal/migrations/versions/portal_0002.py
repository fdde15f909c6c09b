"""Kept masks of ID numbers show the first and the last character only; birth dates go"""

import sqlalchemy as sa
from alembic import op

from shared.persistence.remasking import remask

revision = 'portal_0002'
down_revision = 'portal_0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    remask(op.get_bind(), sa.table('occurrence', sa.column('event_id'), sa.column('body', sa.JSON)), without={'born_on'})


def downgrade() -> None:
    """What a mask no longer shows is not to be had back."""
