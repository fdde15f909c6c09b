"""A small service with one table, a list, a page and two actions, for the tests of authentication and dashboard."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, ClassVar

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import APIRouter, Depends, FastAPI, Form, Request, Response
from joserfc.jwk import OKPKey
from sqlalchemy.orm import registry
from sqlmodel import JSON, Field, SQLModel

from shared.dashboard import (
    Badge,
    Badged,
    Dashboard,
    Entry,
    Flag,
    ListAction,
    ListView,
    Masked,
    Moment,
    Money,
    Number,
    Text,
    done,
    file_reply,
    page,
    refusal_page,
)
from shared.dashboard.history import history
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict, FieldError, Invalid, NotFound
from shared.http.auth import COOKIE, CurrentUser, SessionToken, sign_token, staff
from shared.http.web import Now, ReadingSession, Uow, make_app
from shared.persistence.columns import UtcDateTime
from shared.persistence.schema import upgrade
from shared.persistence.unit_of_work import UnitOfWork
from shared.wiring.process import Process, open_process
from shared.wiring.settings import Settings, embedded
from tests.shared.awkward_names import AWKWARD

registered = registry()


class SampleRow(SQLModel, registry=registered):
    """Base of the sample's tables."""


class Parcel(SampleRow, table=True):
    """A row with one column of each type."""

    __tablename__ = "parcel"
    id: int = Field(primary_key=True)
    title: str
    state: str
    due_fen: int
    pieces: int
    paid: bool
    identity: dict[str, str] = Field(sa_type=JSON)
    arrived_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


STATES = {"waiting": Badge("待核验", "yellow"), "passed": Badge("已通过", "green"), "lost": Badge("已遗失", "red")}


def pass_parcel(uow: UnitOfWork, parcel_id: int, *, actor: str, now: datetime, note: str = "") -> Parcel:
    """Pass a waiting parcel."""
    parcel = uow.session.get(Parcel, parcel_id)
    if parcel is None:
        raise NotFound("没有这件包裹。", code="no-parcel")
    if note == "坏":
        raise Invalid("备注不合要求。", code="note", field_errors=[FieldError("/note", "note", "备注不能只写“坏”")])
    if parcel.state != "waiting":
        raise Conflict(f"包裹“{parcel.title}”不在待核验状态。", code="not-waiting")
    parcel.state = "passed"
    uow.session.add(parcel)
    return parcel


class ParcelList(ListView):
    """All parcels."""

    fields = (
        Number("id", "编号"),
        Text("title", "名称"),
        Badged("state", "状态", labels=STATES),
        Money("due_fen", "应缴（元）"),
        Number("pieces", "件数"),
        Flag("paid", "已缴费"),
        Masked("identity", "证件号"),
        Moment("arrived_at", "到达时间"),
    )
    detail_path = "/intake/parcels/{key}"
    fields_default_sort = (("id", True),)
    list_actions = (
        ListAction(
            "pass",
            "通过核验",
            pass_parcel,
            confirm="确认材料齐全？",
            roles=("intake",),
            entries=(Entry("note", "备注", required=False),),
            shown=lambda parcel: parcel.state == "waiting",
        ),
    )


router = APIRouter(prefix="/intake")
Clerk = Annotated[CurrentUser, Depends(staff("intake"))]


@router.get("/")
def overview(request: Request, actor: Clerk, now: Now) -> Response:
    return page(request, "sample_overview.html", title="报名概况", subtitle="截至现在")


@router.get("/files/{number}")
def show_file(number: int, actor: Clerk) -> Response:
    return file_reply(b"", name=list(AWKWARD)[number], media_type="application/octet-stream")


@router.get("/parcels/{parcel_id}")
def show_parcel(request: Request, parcel_id: int, actor: Clerk, session: ReadingSession) -> Response:
    parcel = session.get(Parcel, parcel_id)
    if parcel is None:
        raise NotFound("没有这件包裹。", code="no-parcel")
    return page(
        request, "sample_parcel.html", title=parcel.title, back="/intake/tables/parcels/list", parcel=parcel,
        badge=STATES[parcel.state], rows=history(session, str(parcel_id)),
    )  # fmt: skip


@router.post("/parcels/{parcel_id}/pass")
def pass_one(
    request: Request, parcel_id: int, actor: Clerk, uow: Uow, now: Now, note: Annotated[str, Form()] = ""
) -> Response:
    pass_parcel(uow, parcel_id, actor=actor.account, now=now, note=note)
    return done(request, f"/intake/parcels/{parcel_id}", "已通过核验。")


@router.get("/api/whoami")
def whoami(actor: Annotated[CurrentUser, Depends(staff())]) -> dict[str, object]:
    return {"account": actor.account, "roles": sorted(actor.roles)}


@router.get("/broken")
def broken() -> Response:
    raise RuntimeError("something nobody thought of")


class SampleSettings(Settings):
    SERVICE: ClassVar[str] = "intake"


class Installation:
    """The sample's process and app, with the portal's key to sign sessions."""

    def __init__(self, folder: Path, *, clock: str = "system", database_url: str = "", port: int = 0) -> None:
        url = f"http://127.0.0.1:{port}"
        settings = embedded(folder, "intake", public_url=url, clock=clock) | (
            {"database_url": database_url} if database_url else {}
        )
        upgrade(settings["database_url"], "shared")
        self.key = OKPKey.import_key(_new_key(Path(settings["token_public_key_file"])))
        self.process: Process = open_process(SampleSettings.model_validate(settings))
        registered.metadata.create_all(self.process.database.engine)
        self.app = make_sample_app(self.process)

    def token(self, *roles: str, account: str = "li", name: str = "李青", age: float = 0, sid: str = "s" * 32) -> str:
        """Return a session token that was signed `age` seconds ago."""
        issued = real_now().timestamp() - age
        claims = SessionToken(sub=account, name=name, roles=roles, iat=issued, exp=issued + 900, sid=sid)
        return sign_token(claims, self.key)

    def cookies(self, *roles: str, **more: str) -> dict[str, str]:
        return {COOKIE: self.token(*roles, **more)}  # type: ignore[arg-type]

    def fill(self, count: int = 3) -> None:
        with self.process.database.transaction() as uow:
            for number in range(1, count + 1):
                uow.session.add(
                    Parcel(
                        id=number,
                        title=f"=包裹{number}" if number == 1 else f"包裹{number}",
                        state="waiting" if number % 3 else "lost",
                        due_fen=2500000 * number,
                        pieces=number,
                        paid=number % 2 == 0,
                        identity={"sealed": "secret", "index": "x", "mask": f"5****************{number % 10}"},
                        arrived_at=datetime(2021, 11, 22, 15, 59, tzinfo=UTC) + timedelta(minutes=number - 1),
                    )
                )


def make_sample_app(process: Process) -> FastAPI:
    app = make_app(process, refusal_page=refusal_page)
    dashboard = Dashboard(process, roles=("intake",), templates=Path(__file__).parent / "sample_templates")
    dashboard.link("报名概况", "/intake/", "fa-solid fa-chart-pie")
    dashboard.add_list(ParcelList(Parcel, key="parcels", title="包裹", icon="fa-solid fa-box"))
    app.include_router(router)
    dashboard.mount(app)
    return app


def _new_key(public_file: Path) -> bytes:
    private = Ed25519PrivateKey.generate()
    public_file.parent.mkdir(parents=True, exist_ok=True)
    public_file.write_bytes(
        private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
