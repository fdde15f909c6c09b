"""Servers and processes for the benchmarks. Used by every rows_*.py.

Real servers start on first use, as in the tests; each row gets fresh databases, virtual hosts and processes.
"""

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from types import TracebackType
from urllib.request import Request, urlopen

from redis import Redis

from shared.persistence.schema import upgrade
from tests.servers import containers, keeper, postgres, rabbitmq
from tests.servers.address import Address

ROOT = Path(__file__).parents[1]
START_SECONDS = 60


class Ground:
    """A context manager that owns the servers of a run. Raises keeper.NotHere if a server is not installed."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self.used: dict[str, str] = {}

    def __enter__(self) -> "Ground":
        self.folder = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="lingjun-bench-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _server(self, name: str) -> Address:
        if not containers.images_ready() and not keeper.PROGRAMS[name]():
            raise keeper.NotHere(f"{name} is not installed: python -m tests.servers install")
        return self._open.enter_context(keeper.server(name))

    @cached_property
    def _postgres(self) -> Address:
        address = self._server("postgres")
        with postgres.connect(address) as connection:
            self.used["PostgreSQL"] = str(connection.info.parameter_status("server_version"))
        return address

    @cached_property
    def _rabbitmq(self) -> Address:
        address = self._server("rabbitmq")
        self.used["RabbitMQ"] = _rabbitmq_version(address)
        return address

    @cached_property
    def redis_url(self) -> str:
        """URL of the run's Redis."""
        address = self._server("redis")
        url = f"redis://{address.user}:{address.password}@127.0.0.1:{address.port}/0"
        with Redis.from_url(url) as client:
            self.used["Redis"] = str(client.info("server")["redis_version"])
        return url

    @contextmanager
    def database(self, service: str | None) -> Iterator[str]:
        """Yield a fresh PostgreSQL database with a service's schema ("shared": infrastructure only; None: empty)."""
        with postgres.database(self._postgres, f"bench_{uuid.uuid4().hex[:12]}") as url:
            if service:
                upgrade(url, service)
            yield url

    @contextmanager
    def virtual_host(self) -> Iterator[str]:
        """Yield the amqp:// URL of a fresh RabbitMQ virtual host."""
        with rabbitmq.virtual_host(self._rabbitmq, f"bench-{uuid.uuid4().hex}") as url:
            yield url

    def fresh_folder(self) -> Path:
        """Return an empty folder, removed at the end of the run."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    @contextmanager
    def process(
        self, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run `python -m …` with `environment` added to the current one; terminate it with the block."""
        log = self.folder / f"{uuid.uuid4().hex}.log"
        with log.open("wb") as output:
            started = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=os.environ | dict(environment or {}),
                stdout=output,
                stderr=output,
            )
        try:
            yield started
            if started.poll() is not None:
                raise RuntimeError(f"{' '.join(arguments)} ended early:\n{log.read_text()[-3000:]}")
        finally:
            started.terminate()
            started.wait(START_SECONDS)


def wait_until(holds: Callable[[], bool], *, pause: float = 0.02, most: float = 120) -> None:
    """Poll `holds` every `pause` seconds. Raises TimeoutError after `most` seconds."""
    end = time.monotonic() + most
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {most:.0f} s")
        time.sleep(pause)


def _rabbitmq_version(address: Address) -> str:
    credentials = base64.b64encode(f"{address.user}:{address.password}".encode()).decode()
    request = Request(f"http://127.0.0.1:{address.management_port}/api/overview")
    request.add_header("Authorization", f"Basic {credentials}")
    with urlopen(request, timeout=30) as response:  # noqa: S310
        return str(json.load(response)["rabbitmq_version"])
