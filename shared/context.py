"""What surrounds a piece of work that no person started: a handler, a job, a timer. Made by the bus and the worker."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from redis import Redis

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import Mailer
from shared.events.envelope import Envelope


@dataclass(frozen=True)
class Tools:
    """The adaptors of a process. Each holds only what the process was given (keys by purpose, a store, a mailer)."""

    keys: KeyRing
    files: FileStore
    mailer: Mailer
    redis: Redis
    public_url: str


@dataclass(frozen=True)
class Context:
    """Who acts and when (business time, UTC), with which tools; the envelope or the job's id where one is the cause."""

    actor: str
    now: datetime
    tools: Tools
    envelope: Envelope | None = None
    job_id: UUID | None = None
