"""Accepting over HTTP: the product's intake against the usual stack, on PostgreSQL and on SQLite."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from benchmarks import installation, load
from benchmarks.ground import Ground, wait_until
from benchmarks.measure import Effort, Entry, Row
from benchmarks.peers import endpoint
from services.demo.programme import CODE
from shared.adapters.keyring import KeyRing
from tests.servers.processes import free_port

CROWD, FEW = 64, 4
_WARM_SECONDS = 0.5


def rows() -> list[Row]:
    """Return the rows: 64 and 4 connections on PostgreSQL, and 64 on SQLite."""
    return [
        Row("accept-64", f"Accept over HTTP, {CROWD} connections, PostgreSQL", "4x the peer", partial(_accept, CROWD)),
        Row("accept-4", f"Accept over HTTP, {FEW} connections, PostgreSQL", "1x the peer", partial(_accept, FEW)),
        Row("accept-sqlite", f"Accept over HTTP, {CROWD} connections, SQLite", "4x the peer", _accept_on_sqlite),
    ]


@contextmanager
def _accept(connections: int, ground: Ground, effort: Effort) -> Iterator[Sequence[Entry]]:
    with ExitStack() as stack:
        ours = stack.enter_context(installation.on_servers(ground, ["intake-web"]))
        entries = [_ours(ours, connections, effort)]
        titles = {
            "bare": "FastAPI + SQLModel async",
            "sealed": "the same with our rules and encryption",
            "echo": "FastAPI with our rules, nothing written",
        }
        for kind, title in titles.items():
            database_url = stack.enter_context(ground.database(None))
            port = stack.enter_context(peer_endpoint(ground, kind, database_url))
            entries.append(_entry(title, port, endpoint.PATH, "none", connections, effort))
        yield entries


@contextmanager
def _accept_on_sqlite(ground: Ground, effort: Effort) -> Iterator[Sequence[Entry]]:
    database_url = f"sqlite:///{ground.fresh_folder()}/peer.db"
    with installation.intake_on_sqlite(ground) as ours, peer_endpoint(ground, "bare", database_url) as port:
        peer = _entry("FastAPI + SQLModel in the thread pool", port, endpoint.PATH, "none", CROWD, effort)
        yield [_ours(ours, CROWD, effort), peer]


def _ours(ours: installation.Installation, connections: int, effort: Effort) -> Entry:
    return _entry("Lingjun", ours.port, installation.ENDPOINT, ours.key, connections, effort)


def _entry(name: str, port: int, path: str, key: str, connections: int, effort: Effort) -> Entry:
    load.post(port, path, key=key, connections=connections, seconds=min(_WARM_SECONDS, effort.seconds))

    def measure() -> Mapping[str, float]:
        found = load.post(port, path, key=key, connections=connections, seconds=effort.seconds)
        return {"accepted/s": found.rate, "p50 ms": found.p50, "p99 ms": found.p99}

    return Entry(name, measure)


@contextmanager
def peer_endpoint(ground: Ground, kind: str, database_url: str) -> Iterator[int]:
    """Start a peer's endpoint and yield its port."""
    keys, port = ground.fresh_folder(), free_port()
    KeyRing(keys, purposes=("identity", "contact")).create(CODE)
    endpoint.create_tables(database_url)
    with ground.process("benchmarks.peers.endpoint", kind, str(port), database_url, str(keys)):
        wait_until(lambda: installation.answers(port))
        yield port
