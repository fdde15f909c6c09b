"""Open the adapters of the settings: database, transport, Redis, keys, files, mail, clock. Used by web, bus and
worker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path

import fakeredis
from redis import Redis

from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.adapters.mail import make_mailer
from shared.adapters.typesetting import use_fonts
from shared.adapters.virus_scanner import VirusScanner
from shared.context import Tools
from shared.foundation.clock import Clock, make_clock
from shared.foundation.retries import DELIVERY_DELAYS
from shared.messaging.embedded import EmbeddedBus, EmbeddedTransport
from shared.messaging.rabbit import RabbitTransport
from shared.messaging.transport import KEEP, Transport
from shared.persistence.database import Database
from shared.persistence.pg_notify import Notifier
from shared.sandbox import Sandbox
from shared.wiring.registry import SERVICES, topology
from shared.wiring.settings import Settings


@dataclass(frozen=True)
class Process:
    """One process of one service, with its adapters."""

    settings: Settings
    database: Database
    clock: Clock
    tools: Tools

    @property
    def service(self) -> str:
        """The service's name, as in its folder."""
        return self.settings.SERVICE

    def transport(self, queue: str | None = None) -> Transport:
        """Return a transport, not yet open, for the service's own queue or another."""
        return transport_of(self.settings, queue or self.service)


def open_process(settings: Settings) -> Process:
    """Create the adapters of `settings`. Connects to nothing yet."""
    use_fonts(Path(settings.font_dir) if settings.font_dir else None)
    keys = KeyRing(settings.keys_dir, purposes=SERVICES[settings.SERVICE].keys)
    tools = Tools(
        keys=keys,
        files=FileStore(settings.files_url, keys),
        mailer=make_mailer(settings.mail_url),
        redis=make_redis(settings.redis_url),
        public_url=settings.public_url,
        sandbox=_sandbox(settings.sandbox, settings.clamd),
    )
    database = Database(settings.database_url)
    if not database.is_sqlite:
        database.committed = Notifier(settings.database_url)
    return Process(settings, database, make_clock(settings.clock), tools)


def transport_of(settings: Settings, queue: str) -> Transport:
    """Return a transport of these settings, not yet open, for one queue."""
    return make_transport(
        settings.broker_url,
        queue,
        {} if settings.broker_declared else topology(),
        settings.retry_delays,
        timedelta(days=settings.log_days),
    )


def make_transport(
    url: str,
    queue: str,
    bindings: Mapping[str, Sequence[str]] | None = None,
    retry_delays: Sequence[timedelta] = DELIVERY_DELAYS,
    keep: timedelta = KEEP,
) -> Transport:
    """Return a transport for `sqlite:///file` (embedded bus) or `amqp://…` (RabbitMQ). `bindings` defaults to
    those of the registry."""
    bound = topology() if bindings is None else bindings
    if url.startswith("sqlite:///"):
        return EmbeddedTransport(_embedded_bus(url.removeprefix("sqlite:///")), queue, bound, retry_delays, keep)
    return RabbitTransport(url, queue, bound, retry_delays, keep)


def make_redis(url: str) -> Redis:
    """Return a client for `redis://…`, or for `memory://name`: an in-process fake that is shared under that name."""
    if url.startswith("memory://"):
        return fakeredis.FakeRedis(server=_redis_server(url), decode_responses=True)
    return Redis.from_url(url, decode_responses=True)


@cache
def _sandbox(path: str, clamd: str) -> Sandbox:
    """Return the sandbox at a socket, or the one child of this interpreter that all its services share."""
    return Sandbox(path, scanner=VirusScanner(clamd) if clamd else None)


@cache
def _embedded_bus(path: str) -> EmbeddedBus:
    return EmbeddedBus(Path(path))


@cache
def _redis_server(_name: str) -> fakeredis.FakeServer:
    return fakeredis.FakeServer()
