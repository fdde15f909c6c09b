"""Sends hostile bodies to a real intake web process and reads its peak memory.

The short form is test_memory.py. The whole measurement is a command:

    python -m tests.limits.hostile --count 10000
"""

import argparse
import json
import os
import re
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import cycle, islice
from pathlib import Path

import httpx

from services.intake import actions
from services.intake.settings import IntakeSettings
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.settings import embedded
from tests.servers.processes import Program, free_port, running, wait_until_it_answers

MEGABYTE = 1024 * 1024
MOST_GROWTH_MEGABYTES = 64
_MOST_ANSWER_BYTES = 16 * 1024
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_SUBMISSION = "/intake/api/applications"
_PART = 64 * 1024
_AT_ONCE = 8


@dataclass(frozen=True)
class Hostile:
    """One request: its name, path, media type and body, and whether it has the key and a declared length."""

    name: str
    path: str
    media_type: str
    body: bytes
    has_key: bool = True
    is_chunked: bool = False


@dataclass(frozen=True)
class Target:
    """A running intake web process with the key of a client."""

    address: str
    key: str
    pid: int
    log: Path

    def blocked_seconds(self) -> list[float]:
        """Return how long each callback took that blocked the event loop for more than 100 ms."""
        return [float(found) for found in re.findall(r"took (\d+\.\d+) seconds", self.log.read_text())]

    def peak_kilobytes(self) -> int:
        """Return the largest resident memory of the process so far (VmHWM)."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])

    def warm_up(self) -> None:
        """Send one small request of each kind, so that everything is loaded and every thread has started."""
        with httpx.Client(timeout=60) as client, ThreadPoolExecutor(_AT_ONCE) as pool:
            small = [replace(one, body=one.body[:100]) for one in hostile_requests()]
            list(pool.map(lambda one: self.send(client, one), small * 4))

    def send(self, client: httpx.Client, one: Hostile) -> httpx.Response:
        """Send one request."""
        headers = {"Content-Type": one.media_type, "Idempotency-Key": "hostile-0001"}
        if one.has_key:
            headers["Authorization"] = f"Bearer {self.key}"
        content = _in_parts(one.body) if one.is_chunked else one.body
        return client.post(self.address + one.path, params=_query(one), content=content, headers=headers)


def _query(one: Hostile) -> dict[str, str]:
    return {"programme": "none"} if one.path.endswith("/files") else {}


def _in_parts(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _PART):
        yield body[start : start + _PART]


def hostile_requests() -> list[Hostile]:
    """Return one request of each kind, up to 12 MB."""
    nested = json.dumps({"student": {"a": [{"b": [1, {"c": "d"}]}] * 400_000}}).encode()[: 10 * MEGABYTE + 400_000]
    consents = _application(consents=[{}] * 100_000)
    small = 255 * 1024
    many_consents = _application(consents=[{}] * (small // 4 - 100))
    unknown = json.dumps({f"{number:x}": 0 for number in range(small // 10)}).encode()[:small]
    forms = b"a=&" * (4 * MEGABYTE)
    return [
        Hostile("nested, no key", _SUBMISSION, _JSON, nested, has_key=False),
        Hostile("nested, no key, chunked", _SUBMISSION, _JSON, nested, has_key=False, is_chunked=True),
        Hostile("nested", _SUBMISSION, _JSON, nested),
        Hostile("nested, chunked", _SUBMISSION, _JSON, nested, is_chunked=True),
        Hostile("100,000 consents", _SUBMISSION, _JSON, consents),
        Hostile("consents below the limit", _SUBMISSION, _JSON, many_consents),
        Hostile("unknown fields below the limit", _SUBMISSION, _JSON, unknown),
        Hostile("deep below the limit", _SUBMISSION, _JSON, b"[" * small),
        Hostile("long number below the limit", _SUBMISSION, _JSON, b"1" * small),
        Hostile("long text below the limit", _SUBMISSION, _JSON, _application(platform_no="x" * (small - 100))),
        Hostile("large scan", "/intake/api/files", "application/pdf", b"%PDF-1.7 " + b"x" * 12 * MEGABYTE),
        Hostile("large scan, chunked", "/intake/api/files", "image/png", b"x" * 12 * MEGABYTE, is_chunked=True),
        Hostile("form, no session", "/intake/past-participants", _FORM, forms, has_key=False),
        Hostile("form on a link", "/intake/consent/unknown", _FORM, forms, has_key=False, is_chunked=True),
    ]


def _application(**fields: object) -> bytes:
    return json.dumps({"programme": "none", **fields}).encode()


@contextmanager
def intake_process(folder: Path, *, is_watched: bool = False) -> Iterator[Target]:
    """Run intake's web process on SQLite until the block ends. `is_watched`: log what blocks the event loop."""
    port = free_port()
    values = embedded(folder, "intake", public_url=f"http://127.0.0.1:{port}", clock="system")
    upgrade(values["database_url"], "intake")
    process = open_process(IntakeSettings(**values))
    with process.database.transaction() as uow:
        key = actions.issue_client_key(uow, "平台", actor="test", now=process.clock.now())
    process.database.close()
    environment = {f"LINGJUN_{name.upper()}": str(value) for name, value in values.items()}
    environment |= {"LINGJUN_LISTEN": f"127.0.0.1:{port}", "LINGJUN_LOG_LEVEL": "ERROR"}
    # The bodies are under test, not their number.
    environment |= dict.fromkeys(
        ("LINGJUN_RATE_PER_KEY", "LINGJUN_RATE_PER_ADDRESS", "LINGJUN_RATE_PER_FORM"), "9999/second"
    )
    if is_watched:
        # In its debug mode the event loop logs each callback that took more than 100 ms.
        environment |= {"PYTHONASYNCIODEBUG": "1", "LINGJUN_LOG_LEVEL": "WARNING"}
    address = f"http://127.0.0.1:{port}"
    web = Program(
        name="intake web",
        command=(sys.executable, "-m", "services", "web", "intake"),
        directory=folder,
        account=None,
        environment=os.environ | environment,
        answers=lambda: _is_ready(address),
        end_signal=signal.SIGTERM,
    )
    with running(web) as started:
        wait_until_it_answers(web.name, started, web.log, web.answers)
        yield Target(address, key, started.pid, web.log)


def _is_ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/intake/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def send_all(target: Target, count: int) -> Counter[tuple[str, int]]:
    """Send `count` requests, eight at once. Return how often each kind got each status."""
    answers: Counter[tuple[str, int]] = Counter()
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(_AT_ONCE) as pool:

        def send(one: Hostile) -> tuple[str, int]:
            response = target.send(client, one)
            is_problem = response.headers["Content-Type"].endswith("problem+json")
            assert not is_problem or len(response.content) <= _MOST_ANSWER_BYTES, one.name
            return one.name, response.status_code

        for answer in pool.map(send, islice(cycle(hostile_requests()), count)):
            answers[answer] += 1
    return answers


def main() -> None:
    """Print the growth of the peak, and the answers to each kind."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder, intake_process(Path(folder), is_watched=True) as target:
        target.warm_up()
        before, blocked_before = target.peak_kilobytes(), len(target.blocked_seconds())
        answers = send_all(target, count)
        grown = (target.peak_kilobytes() - before) / 1024
        blocked = target.blocked_seconds()[blocked_before:]
    for (name, status), times in sorted(answers.items()):
        sys.stdout.write(f"{status} {times:>6}  {name}\n")
    sys.stdout.write(f"{count} bodies: the peak grew by {grown:.0f} MB, from {before / 1024:.0f} MB\n")
    longest = f", the longest for {max(blocked) * 1000:.0f} ms" if blocked else ""
    sys.stdout.write(f"{len(blocked)} callbacks blocked the event loop for more than 100 ms{longest}\n")


if __name__ == "__main__":
    main()
