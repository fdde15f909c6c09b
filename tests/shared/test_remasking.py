"""The migration shortens masks of earlier versions, in columns and in JSON, on both databases."""

import pytest
import sqlalchemy as sa

from shared.persistence.remasking import remask

OLD, NEW = "500103********3012", "5****************2"
TABLE = sa.Table(
    "kept", sa.MetaData(), sa.Column("id", sa.Uuid), sa.Column("identity_mask", sa.String), sa.Column("body", sa.JSON)
)
KEYS = [sa.Uuid().python_type(int=number) for number in range(2)]


@pytest.fixture
def connection(database_url):
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        TABLE.create(connection)
        yield connection
    engine.dispose()


def body(mask, **more):
    sealed = {"sealed": "AAAA", "index": "ffff", "mask": mask}
    return {
        "students": [{"name": "杨致远", "identity": sealed} | more],
        "candidate": {"identity": mask},
        "of": "identity",
    }


def rows(connection):
    return [tuple(row) for row in connection.execute(sa.select(TABLE).order_by(TABLE.c.id)).all()]


def test_long_masks_are_shortened_and_birth_dates_removed_if_requested(connection):
    connection.execute(sa.insert(TABLE).values(id=KEYS[0], identity_mask=OLD, body=body(OLD, born_on="1978-03-12")))
    connection.execute(sa.insert(TABLE).values(id=KEYS[1], identity_mask="E12345****5678", body={}))
    table = sa.table("kept", sa.column("id"), sa.column("identity_mask"), sa.column("body", sa.JSON))
    remask(connection, table)
    assert rows(connection) == [
        (KEYS[0], NEW, body(NEW, born_on="1978-03-12")),
        (KEYS[1], "************78", {}),
    ]
    for _ in range(2):
        remask(connection, table, without={"born_on"})
        assert rows(connection)[0] == (KEYS[0], NEW, body(NEW))
