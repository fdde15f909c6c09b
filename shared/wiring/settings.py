"""Settings from environment variables with the prefix LINGJUN_. The settings.py of each service adds its own."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import unquote, urlsplit

from limits.util import parse as parse_rate
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, ValidationInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.adapters.mail import make_mailer
from shared.foundation.errors import Invalid
from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.transport import KEEP

_OFF = "none"
_EMBEDDED = ("sqlite:", "memory:")
_SHORTEST_SECRET = 16
_COLLECTOR = re.compile(r"https?://[^\s/]+(/\S*)?")
_LISTEN = re.compile(r"[^\s:]+:\d{1,5}")
_CLAMD = re.compile(r"tcp://[^\s/:]+:\d{1,5}|unix://(/[^\s/]+)+")
_DELAYS = re.compile(r"[1-9]\d{0,4}(,[1-9]\d{0,4}){0,9}")


def _retry_delays(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not _DELAYS.fullmatch(value.replace(" ", "")):
        raise Invalid(
            "LINGJUN_RETRY_LADDER 的值“{told}”须是一至十个以逗号分隔的整秒数，如 1,10,60,600。",
            code="retry-ladder",
            values={"told": value},
        )
    return tuple(timedelta(seconds=int(seconds)) for seconds in value.split(","))


def _server_url(url: str, info: ValidationInfo) -> str:
    """Require a strong password in the URL of a server. URLs of files have none."""
    if url.startswith(_EMBEDDED):
        return url
    password = unquote(urlsplit(url).password or "")
    if len(password) < _SHORTEST_SECRET:
        raise Invalid(
            "{name} 里的密码缺失或太短：至少 {shortest} 个字符。请运行 make env 生成，或改用更长的随机密码。",
            code="weak-secret",
            values={"name": f"LINGJUN_{str(info.field_name).upper()}", "shortest": _SHORTEST_SECRET},
        )
    return url


def _rate(value: str, info: ValidationInfo) -> str:
    try:
        amount = parse_rate(value).amount
    except ValueError:
        amount = 0
    if not amount:
        raise Invalid(
            "{name} 的值“{told}”须形如 600/minute（每秒 second、每分钟 minute 或每小时 hour 的请求数）。",
            code="rate",
            values={"name": f"LINGJUN_{str(info.field_name).upper()}", "told": value},
        )
    return value


def _otlp_endpoint(value: str) -> str:
    return unless_off(value, _COLLECTOR, "LINGJUN_OTLP_ENDPOINT", "http://collector:4318")


def _metrics_listen(value: str) -> str:
    return unless_off(value, _LISTEN, "LINGJUN_METRICS_LISTEN", "0.0.0.0:9464")


def _mail_url(value: str) -> str:
    make_mailer(value)
    return value


def _clamd(value: str) -> str:
    return unless_off(value, _CLAMD, "LINGJUN_CLAMD", "tcp://clamav:3310")


def unless_off(value: str, form: re.Pattern[str], name: str, example: str) -> str:
    """Return the value, or nothing when it is empty or "none". Raises Invalid when it has another form."""
    if value in ("", _OFF):
        return ""
    if not form.fullmatch(value):
        raise Invalid(
            "{name} 的值“{told}”须是 {off}（不启用）或形如 {example}。",
            code="observation",
            values={"name": name, "told": value, "off": _OFF, "example": example},
        )
    return value


def _optional_path(value: Any) -> Any:
    return None if value in ("", _OFF) else value


OptionalPath = Annotated[Path | None, BeforeValidator(_optional_path)]
ServerUrl = Annotated[str, AfterValidator(_server_url)]


class _FromEnvironment(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="LINGJUN_", extra="ignore", populate_by_name=True)


class DatabaseSettings(_FromEnvironment):
    """The setting that is needed to migrate a database. See Settings."""

    database_url: ServerUrl


class BrokerSettings(_FromEnvironment):
    """The settings that are needed to declare the broker's queues. See Settings."""

    broker_url: ServerUrl
    log_days: int = Field(default=KEEP.days, ge=1, le=KEEP.days)
    retry_delays: Annotated[tuple[timedelta, ...], NoDecode, BeforeValidator(_retry_delays)] = Field(
        default=DELIVERY_DELAYS, validation_alias="LINGJUN_RETRY_LADDER"
    )


class Settings(BrokerSettings, DatabaseSettings):
    """Settings that all services share. URLs choose the adapters; no other code depends on that choice.

    `font_dir`: folder of licensed fonts (小标宋, 仿宋_GB2312) that documents use before the packaged ones.
    `sandbox`: Unix socket of the process that opens foreign files (shared/sandbox); empty for a child of this process.
    `clamd`: ClamAV daemon that is asked about each foreign file (tcp://host:port or unix:///path); off when empty or "none".
    `log_days`: retention of the event log in days, the same for every service.
    `retry_delays` (LINGJUN_RETRY_LADDER): seconds before each retry of a failed delivery, as "1,10,60,600". After the
    last retry the delivery is dead-lettered.
    `broker_declared`: exchanges and queues exist (shared/messaging/topology.py), so this process declares none and
    needs no permission to. `otlp_endpoint`: OpenTelemetry collector for traces (http://host:4318). `metrics_listen`:
    address at which this process serves Prometheus metrics (host:port). Both are off when empty or "none".
    `behind_gateway`: the last address in X-Forwarded-For is the client's. `rate_per_key`, `rate_per_address`,
    `rate_per_form`: requests of one sender in a time, as "12000/minute" (shared/http/rates.py).

    The URL of a server must contain a password of at least 16 characters. Raises Invalid when a value cannot be parsed.
    """

    SERVICE: ClassVar[str]

    redis_url: ServerUrl
    files_url: str
    mail_url: Annotated[str, AfterValidator(_mail_url)]
    keys_dir: Path
    token_public_key_file: Path
    public_url: str
    clock: str = "system"
    listen: str = "127.0.0.1:8000"
    log_level: str = "INFO"
    font_dir: str = ""
    sandbox: str = ""
    clamd: Annotated[str, AfterValidator(_clamd)] = ""
    broker_declared: bool = False
    behind_gateway: bool = False
    rate_per_key: Annotated[str, AfterValidator(_rate)] = "12000/minute"
    rate_per_address: Annotated[str, AfterValidator(_rate)] = "1200/minute"
    rate_per_form: Annotated[str, AfterValidator(_rate)] = "300/minute"
    otlp_endpoint: Annotated[str, AfterValidator(_otlp_endpoint)] = ""
    metrics_listen: Annotated[str, AfterValidator(_metrics_listen)] = ""


S = TypeVar("S", bound=BaseSettings)


def read(kind: type[S]) -> S:
    """Read the settings from the environment. Raises Invalid, with a message that names each one, when they are invalid."""
    try:
        return kind()
    except ValidationError as error:
        # Only the message: the value may be a secret.
        errors = [f"LINGJUN_{'_'.join(map(str, one['loc'])).upper()}（{one['msg']}）" for one in error.errors()]
        raise Invalid(
            "设置有误：{errors}。请对照 .env.example 补齐后再启动。",
            code="settings",
            values={"errors": "，".join(errors)},
        ) from None


def embedded(data: Path, service: str, *, public_url: str, clock: str) -> dict[str, Any]:
    """Return the settings of one service in standalone mode, with its data under `data` (absolute)."""
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
