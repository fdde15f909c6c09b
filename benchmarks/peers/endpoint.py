"""The peers of the accept door, each an app under uvicorn: `python -m benchmarks.peers.endpoint bare|sealed|echo port database
keys`. The usual stack: an asynchronous SQLModel session per request, the application's row and its outbox row, one commit.
"""

import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import uvicorn
from fastapi import Depends, FastAPI
from sqlalchemy import JSON, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from benchmarks.applications import open_programme
from services.intake.rules.applications import check_application
from services.intake.schemas import ApplicationIn
from shared.adapters.keyring import KeyRing, mask_email, mask_identity, mask_mobile
from shared.events.intake import Programme
from shared.foundation.errors import Invalid

DOOR = "/applications"
registered = registry()


class PeerRow(SQLModel, registry=registered):
    """Base of the peer's tables."""


class Accepted(PeerRow, table=True):
    """An application as the usual stack keeps it."""

    __tablename__ = "accepted"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    platform_no: str = Field(unique=True)
    programme: str = Field(index=True)
    name: str
    firm: str
    content: dict[str, Any] = Field(sa_type=JSON)


class Leaving(PeerRow, table=True):
    """The usual outbox: an id, a flag, and a poll."""

    __tablename__ = "leaving"
    id: int | None = Field(default=None, primary_key=True)
    event_id: UUID = Field(default_factory=uuid4)
    body: str
    sent: bool = Field(default=False, index=True)


class Posted(SQLModel):
    """The body, as far as the bare peer looks at it."""

    programme: str
    platform_no: str
    student: dict[str, Any]
    firm: dict[str, Any]


class Answer(SQLModel):
    """What the peer answers."""

    id: UUID
    platform_no: str


def create_tables(database_url: str) -> None:
    """Makes the peer's tables in an empty database."""
    engine = create_engine(database_url)
    registered.metadata.create_all(engine)
    engine.dispose()


def make_app(kind: str, database_url: str, keys: KeyRing) -> FastAPI:
    """`bare`: parsed and written; `sealed`: with our rules and encryption; `echo`: with our rules, and nothing written."""
    app = FastAPI()
    programme = Programme.model_validate(open_programme(datetime.now(UTC)))
    if kind == "echo":
        _serve_echo(app, programme)
    elif database_url.startswith("sqlite"):
        _serve_in_threads(app, database_url)
    else:
        _serve_async(app, database_url, _sealing(programme, keys) if kind == "sealed" else None)
    return app


def _serve_async(app: FastAPI, database_url: str, seal: Callable[[ApplicationIn], dict[str, Any]] | None) -> None:
    engine = create_async_engine(database_url, pool_size=32)

    async def opened() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session

    async def write(session: AsyncSession, row: Accepted) -> Answer:
        session.add(row)
        session.add(Leaving(body=row.model_dump_json()))
        await session.commit()
        return Answer(id=row.id, platform_no=row.platform_no)

    if seal is None:

        @app.post(DOOR, status_code=201)
        async def submit(body: Posted, session: Annotated[AsyncSession, Depends(opened)]) -> Answer:
            return await write(session, _row(body))

    else:

        @app.post(DOOR, status_code=201)
        async def submit_sealed(body: ApplicationIn, session: Annotated[AsyncSession, Depends(opened)]) -> Answer:
            content = seal(body)
            return await write(
                session,
                Accepted(
                    platform_no=body.platform_no,
                    programme=body.programme,
                    name=body.student.name,
                    firm=body.firm.name,
                    content=content,
                ),
            )


def _serve_in_threads(app: FastAPI, database_url: str) -> None:
    """SQLite as SQLModel's own tutorial does it: plain sessions in the thread pool."""
    engine = create_engine(database_url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=64)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    @app.post(DOOR, status_code=201)
    def submit(body: Posted) -> Answer:
        row = _row(body)
        with Session(engine, expire_on_commit=False) as session:
            session.add(row)
            session.add(Leaving(body=row.model_dump_json()))
            session.commit()
        return Answer(id=row.id, platform_no=row.platform_no)


def _serve_echo(app: FastAPI, programme: Programme) -> None:
    @app.post(DOOR, status_code=201)
    async def submit(body: ApplicationIn) -> Answer:
        _check(body, programme)
        return Answer(id=uuid4(), platform_no=body.platform_no)


def _row(body: Posted) -> Accepted:
    return Accepted(
        platform_no=body.platform_no,
        programme=body.programme,
        name=body.student["name"],
        firm=body.firm["name"],
        content=body.model_dump(),
    )


def _check(body: ApplicationIn, programme: Programme) -> None:
    if faults := check_application(body, programme, now=datetime.now(UTC)):
        raise Invalid(faults[0].message, code="invalid", faults=faults)


def _sealing(programme: Programme, keys: KeyRing) -> Callable[[ApplicationIn], dict[str, Any]]:
    def seal(body: ApplicationIn) -> dict[str, Any]:
        _check(body, programme)
        student, code = body.student, body.programme
        content = body.model_dump(mode="json")
        content["student"] |= {
            "identity_number": keys.seal(
                "identity", code, student.identity_number, mask=mask_identity(student.identity_number)
            ).model_dump(),
            "mobile": keys.seal("contact", code, student.mobile, mask=mask_mobile(student.mobile)).model_dump(),
            "email": keys.seal("contact", code, student.email, mask=mask_email(student.email)).model_dump(),
        }
        return content

    return seal


if __name__ == "__main__":
    kind, port, database_url, keys_dir = sys.argv[1:]
    ring = KeyRing(Path(keys_dir), purposes=("identity", "contact"))
    uvicorn.run(
        make_app(kind, database_url, ring),
        host="127.0.0.1",
        port=int(port),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
    )
