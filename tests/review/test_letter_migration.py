"""Programmes and letters of an older installation: the code in front of the numbers stays, and issued numbers too."""

from datetime import UTC, datetime
from uuid import uuid4

from alembic import command
from sqlalchemy import MetaData, create_engine, insert, select
from sqlmodel import col

from services.demo.programme import CODE, programme
from services.review.models import LetterRow, ProgrammeRow
from shared.events.intake import Programme
from shared.persistence.schema import _config, upgrade
from tests.review.submissions import case_id

NOW = datetime(2021, 12, 9, tzinfo=UTC)
NUMBER = "渝领训〔2021〕第041号"


def test_older_programmes_keep_their_code_and_issued_letters_their_numbers(database_url):
    command.upgrade(_config(database_url, "review"), "review_0003")
    engine, old = create_engine(database_url), MetaData()
    old.reflect(engine)
    data = {name: value for name, value in programme().items() if name != "letter_code"}
    letter = {"id": uuid4().hex, "case_id": case_id(0).hex, "kind": "admission", "number": NUMBER, "ordered_at": NOW}
    with engine.begin() as connection:
        # The letter's case does not matter here.
        is_sqlite = engine.dialect.name == "sqlite"
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF" if is_sqlite else "SET session_replication_role = replica")
        connection.execute(insert(old.tables["programme"]).values(code=CODE, version=1, data=data, received_at=NOW))
        connection.execute(insert(old.tables["letter"]).values(**letter, data={}))
    upgrade(database_url, "review")
    with engine.connect() as connection:
        kept = connection.execute(select(col(ProgrammeRow.data))).scalar_one()
        number = connection.execute(select(col(LetterRow.number))).scalar_one()
    engine.dispose()
    assert Programme.model_validate(kept) == Programme.model_validate(programme())
    assert number == NUMBER
