"""What a process is told from outside: environment variables with the prefix LINGJUN_. Each service's settings.py names its own."""

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.keyring import Purpose
from shared.messaging.transport import KEEP


class Settings(BaseSettings):
    """The common part. URLs choose the adaptors; nothing outside them knows which column of the table is running.

    `font_dir`: a folder of licensed fonts (小标宋, 仿宋_GB2312) that letters are set in before the packaged ones.
    `log_days`: how long the event log is kept, the same for every service.
    """

    model_config = SettingsConfigDict(env_prefix="LINGJUN_", extra="ignore")

    SERVICE: ClassVar[str]
    TITLE: ClassVar[str]
    PURPOSES: ClassVar[tuple[Purpose, ...]] = ()

    database_url: str
    broker_url: str
    redis_url: str
    files_url: str
    mail_url: str
    keys_dir: Path
    token_public_key_file: Path
    public_url: str
    clock: str = "system"
    listen: str = "127.0.0.1:8000"
    log_level: str = "INFO"
    font_dir: str = ""
    log_days: int = Field(default=KEEP.days, ge=1, le=KEEP.days)


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
