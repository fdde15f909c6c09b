"""The letters' code, which the programme carries from now on. Until now every letter had the same one."""

import sqlalchemy as sa
from alembic import op

revision = 'review_0004'
down_revision = 'review_0003'
branch_labels = None
depends_on = None

PROGRAMME = sa.table('programme', sa.column('code', sa.String()), sa.column('data', sa.JSON()))


def upgrade() -> None:
    rewrite(lambda data: {'letter_code': '渝领'} | data)


def downgrade() -> None:
    rewrite(lambda data: {name: value for name, value in data.items() if name != 'letter_code'})


def rewrite(change) -> None:
    connection = op.get_bind()
    for code, data in connection.execute(sa.select(PROGRAMME.c.code, PROGRAMME.c.data)).all():
        connection.execute(sa.update(PROGRAMME).where(PROGRAMME.c.code == code).values(data=change(data)))
