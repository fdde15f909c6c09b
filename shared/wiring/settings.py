"""What a process is told from outside: environment variables with the prefix LINGJUN_. Each service's settings.py names its own."""

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.adapters.keyring import Purpose
from shared.foundation.errors import Invalid, Refusal
from shared.messaging.transport import KEEP, RETRY_DELAYS

_OFF = "none"
_EMBEDDED = ("sqlite:", "memory:")
_SHORTEST_SECRET = 16
_COLLECTOR = re.compile(r"https?://[^\s/]+(/\S*)?")
_LISTEN = re.compile(r"[^\s:]+:\d{1,5}")
_LADDER = re.compile(r"[1-9]\d{0,4}(,[1-9]\d{0,4}){0,9}")


def _ladder(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    if not _LADDER.fullmatch(told.replace(" ", "")):
        raise Invalid(
            "LINGJUN_RETRY_LADDER 的值“{told}”须是一至十个以逗号分隔的整秒数，如 1,10,60,600。",
            code="retry-ladder",
            values={"told": told},
        )
    return tuple(timedelta(seconds=int(seconds)) for seconds in told.split(","))


def _server(told: str, info: ValidationInfo) -> str:
    """An address of a server carries a password that nobody guesses; one of a file carries none."""
    if told.startswith(_EMBEDDED):
        return told
    password = unquote(urlsplit(told).password or "")
    if len(password) < _SHORTEST_SECRET:
        raise Invalid(
            "{name} 里的密码缺失或太短：至少 {shortest} 个字符。请运行 make env 生成，或改用更长的随机密码。",
            code="weak-secret",
            values={"name": f"LINGJUN_{str(info.field_name).upper()}", "shortest": _SHORTEST_SECRET},
        )
    return told


def _collector(told: str) -> str:
    return _unless_off(told, _COLLECTOR, "LINGJUN_OTLP_ENDPOINT", "http://collector:4318")


def _scrapes(told: str) -> str:
    return _unless_off(told, _LISTEN, "LINGJUN_METRICS_LISTEN", "0.0.0.0:9464")


def _unless_off(told: str, form: re.Pattern[str], name: str, example: str) -> str:
    if told in ("", _OFF):
        return ""
    if not form.fullmatch(told):
        raise Invalid(
            "{name} 的值“{told}”须是 {off}（不启用）或形如 {example}。",
            code="observation",
            values={"name": name, "told": told, "off": _OFF, "example": example},
        )
    return told


ServerUrl = Annotated[str, AfterValidator(_server)]


class BrokerSettings(BaseSettings):
    """What it takes to declare the broker's queues: see Settings."""

    model_config = SettingsConfigDict(env_prefix="LINGJUN_", extra="ignore")

    broker_url: ServerUrl
    log_days: int = Field(default=KEEP.days, ge=1, le=KEEP.days)
    retry_ladder: Annotated[tuple[timedelta, ...], NoDecode, BeforeValidator(_ladder)] = RETRY_DELAYS


class Settings(BrokerSettings):
    """The common part. URLs choose the adaptors; nothing outside them knows which column of the table is running.

    `font_dir`: a folder of licensed fonts (小标宋, 仿宋_GB2312) that letters are set in before the packaged ones.
    `log_days`: how long the event log is kept, the same for every service.
    `retry_ladder`: how long a delivery that failed waits for each next try, in seconds: "1,10,60,600"; then it is a dead
    letter. `broker_declared`: exchanges and queues are there (shared/messaging/topology.py), so this process makes none and
    needs no right to. `otlp_endpoint`: the OpenTelemetry collector that traces are sent to (http://host:4318); `metrics_listen`: where
    this process answers Prometheus (host:port); both "none" or empty for not at all. An address of a server must carry a
    password of 16 characters or more. Raises Invalid where one cannot be read.
    """

    SERVICE: ClassVar[str]
    TITLE: ClassVar[str]
    PURPOSES: ClassVar[tuple[Purpose, ...]] = ()

    database_url: ServerUrl
    redis_url: ServerUrl
    files_url: str
    mail_url: str
    keys_dir: Path
    token_public_key_file: Path
    public_url: str
    clock: str = "system"
    listen: str = "127.0.0.1:8000"
    log_level: str = "INFO"
    font_dir: str = ""
    broker_declared: bool = False
    otlp_endpoint: Annotated[str, AfterValidator(_collector)] = ""
    metrics_listen: Annotated[str, AfterValidator(_scrapes)] = ""


S = TypeVar("S", bound=BrokerSettings)


def read(kind: type[S]) -> S:
    """The settings of the environment; ends the process with one line where they are refused."""
    try:
        return kind()
    except Refusal as refusal:
        sys.exit(str(refusal))
    except ValidationError as error:
        # The message only: the value may be a secret.
        told = [f"LINGJUN_{'_'.join(map(str, one['loc'])).upper()}（{one['msg']}）" for one in error.errors()]
        sys.exit(f"设置有误：{'，'.join(told)}。请对照 .env.example 补齐后再启动。")


def embedded(data: Path, service: str, *, public_url: str, clock: str) -> dict[str, Any]:
    """The settings of one service of an embedded house that keeps its data under `data` (absolute)."""
    return {
        "database_url": f"sqlite:///{data}/{service}.db",
        "broker_url": f"sqlite:///{data}/bus.db",
        "redis_url": f"memory://{data}",
        "files_url": f"file://{data}/files",
        "mail_url": f"file://{data}/mail",
        "keys_dir": f"{data}/keys",
        "token_public_key_file": f"{data}/keys/token/public.pem",
        "public_url": public_url,
        "clock": clock,
    }
