"""What surrounds a piece of work that no person started: a handler, a job, a timer. Made by the bus and the worker."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from redis import Redis

from shared.files import FileStore
from shared.keyring import KeyRing
from shared.messaging.envelope import Envelope
from shared.post import Post


@dataclass(frozen=True)
class Tools:
    """The adaptors of a process. Each holds only what the process was given (keys by purpose, a store, a post)."""

    keys: KeyRing
    files: FileStore
    post: Post
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
