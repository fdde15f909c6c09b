"""Peers of the accept endpoint: `python -m benchmarks.peers.endpoint bare|sealed|echo port database keys`.

The usual stack under uvicorn: an async SQLModel session per request; application row and outbox row in one commit.
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

PATH = "/applications"
registered = registry()


class PeerRow(SQLModel, registry=registered):
    """Base of the peer's tables."""


class Accepted(PeerRow, table=True):
    """An application as the usual stack stores it."""

    __tablename__ = "accepted"
    id: UUID = Field(default_factory=uuid4, primary_key=True)
    platform_no: str = Field(unique=True)
    programme: str = Field(index=True)
    name: str
    firm: str
    content: dict[str, Any] = Field(sa_type=JSON)


class PeerOutbox(PeerRow, table=True):
    """The usual outbox: an id and a flag, polled by a relay."""

    __tablename__ = "leaving"
    id: int | None = Field(default=None, primary_key=True)
    event_id: UUID = Field(default_factory=uuid4)
    body: str
    sent: bool = Field(default=False, index=True)


class Submission(SQLModel):
    """The part of the request body that the bare peer validates."""

    programme: str
    platform_no: str
    student: dict[str, Any]
    firm: dict[str, Any]


class SubmissionOut(SQLModel):
    """The response body of a peer."""

    id: UUID
    platform_no: str


def create_tables(database_url: str) -> None:
    """Create the peer's tables in an empty database."""
    engine = create_engine(database_url)
    registered.metadata.create_all(engine)
    engine.dispose()


def make_app(kind: str, database_url: str, keys: KeyRing) -> FastAPI:
    """Return the app. `bare` parses and writes; `sealed` adds our rules and encryption; `echo` only runs our rules."""
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

    async def open_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session

    async def write(session: AsyncSession, row: Accepted) -> SubmissionOut:
        session.add(row)
        session.add(PeerOutbox(body=row.model_dump_json()))
        await session.commit()
        return SubmissionOut(id=row.id, platform_no=row.platform_no)

    if seal is None:

        @app.post(PATH, status_code=201)
        async def submit(body: Submission, session: Annotated[AsyncSession, Depends(open_session)]) -> SubmissionOut:
            return await write(session, _row(body))

    else:

        @app.post(PATH, status_code=201)
        async def submit_sealed(
            body: ApplicationIn, session: Annotated[AsyncSession, Depends(open_session)]
        ) -> SubmissionOut:
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
    """Serve SQLite as SQLModel's tutorial does: synchronous sessions in the thread pool."""
    engine = create_engine(database_url, connect_args={"check_same_thread": False, "timeout": 30}, pool_size=64)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")

    @app.post(PATH, status_code=201)
    def submit(body: Submission) -> SubmissionOut:
        row = _row(body)
        with Session(engine, expire_on_commit=False) as session:
            session.add(row)
            session.add(PeerOutbox(body=row.model_dump_json()))
            session.commit()
        return SubmissionOut(id=row.id, platform_no=row.platform_no)


def _serve_echo(app: FastAPI, programme: Programme) -> None:
    @app.post(PATH, status_code=201)
    async def submit(body: ApplicationIn) -> SubmissionOut:
        _check(body, programme)
        return SubmissionOut(id=uuid4(), platform_no=body.platform_no)


def _row(body: Submission) -> Accepted:
    return Accepted(
        platform_no=body.platform_no,
        programme=body.programme,
        name=body.student["name"],
        firm=body.firm["name"],
        content=body.model_dump(),
    )


def _check(body: ApplicationIn, programme: Programme) -> None:
    if errors := check_application(body, programme, now=datetime.now(UTC)):
        raise Invalid(errors[0].message, code="invalid", field_errors=errors)


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
