"""A draft is a sealed body that is validated when it is filed; drafts of the former kind are withdrawn. Digests are keyed"""

import sqlalchemy as sa
from alembic import op

revision = 'intake_0007'
down_revision = 'intake_0006'
branch_labels = None
depends_on = None

INDEX, COLUMNS = 'one_person_per_programme', ['programme', 'identity_index']


def upgrade() -> None:
    with op.batch_alter_table('application') as batch_op:
        batch_op.add_column(sa.Column('draft', sa.JSON(), nullable=True))
    op.execute("UPDATE application SET state = 'withdrawn', closed_at = created_at WHERE state = 'draft'")
    op.execute("UPDATE idempotency_key SET body_digest = ''")
    replace_index("state NOT IN ('draft', 'withdrawn', 'expired')")


def downgrade() -> None:
    op.execute("UPDATE application SET state = 'withdrawn', closed_at = created_at WHERE state = 'draft'")
    replace_index("state NOT IN ('withdrawn', 'expired')")
    with op.batch_alter_table('application') as batch_op:
        batch_op.drop_column('draft')


def replace_index(condition: str) -> None:
    op.drop_index(INDEX, 'application')
    where = sa.text(condition)
    op.create_index(INDEX, 'application', COLUMNS, unique=True, sqlite_where=where, postgresql_where=where)
