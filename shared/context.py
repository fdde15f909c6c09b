"""Execution context of work that no person started: event handlers, jobs, timers. Created by the bus and the worker."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from redis import Redis

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import Mailer
from shared.events.envelope import Envelope
from shared.sandbox import Sandbox


@dataclass(frozen=True)
class Tools:
    """The adapters of a process. Each holds only what the process may use, such as the keys of its purposes."""

    keys: KeyRing
    files: FileStore
    mailer: Mailer
    redis: Redis
    public_url: str
    sandbox: Sandbox


@dataclass(frozen=True)
class Context:
    """Actor, business time (UTC) and tools, and the envelope of the event or the id of the job that is the cause."""

    actor: str
    now: datetime
    tools: Tools
    envelope: Envelope | None = None
    job_id: UUID | None = None
