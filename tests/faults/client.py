"""The public platform during the run: posts at a steady pace, and repeats what was not answered, as an honest client does.

Used by run.py; each of its threads has a connection of its own.
"""

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache

import httpx

from services.demo.cohort import Application
from services.demo.player.clients import Stage
from services.demo.scans import Scan
from tests.faults.applicants import applicant, email_of
from tests.faults.ledger import Accepted, Ledger

THREADS = 24
SCAN_SETS = 24
TIMEOUT_SECONDS = 10
LONGEST_PAUSE = 2.0
PATIENCE_SECONDS = 180


class Poster:
    """Posts `rate` applications a second until told to stop: each with three scans of its own, or over `uploaded` ones."""

    def __init__(self, stage: Stage, ledger: Ledger, *, programme: str, seed: int, rate: float) -> None:
        self._stage, self._ledger, self._programme = stage, ledger, programme
        self._seed, self._rate = seed, rate
        self._uploaded: Sequence[dict[str, str]] = ()
        self._numbers = itertools.count()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def upload_beforehand(self) -> None:
        """Uploads the scans that all applications will refer to."""
        with self._stage.platform() as client:
            self._uploaded = [self._upload(client, applicant(self._seed, number))[0] for number in range(SCAN_SETS)]

    def draw(self) -> None:
        """Draws the scans once: drawing them again for each application would take more time than the house needs."""
        for number in range(SCAN_SETS):
            _contents(self._seed, number)

    def start(self) -> None:
        """Begins to post."""
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._post_in_turn, daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends posting; what is under way is repeated until it is answered."""
        self._ended.set()

    def under_way(self) -> int:
        """How many threads have not yet been answered."""
        return sum(thread.is_alive() for thread in self._threads)

    def _post_in_turn(self) -> None:
        with self._stage.platform() as client:
            client.timeout = httpx.Timeout(TIMEOUT_SECONDS)
            while not self._ended.is_set():
                number = next(self._numbers)
                due = self._began + number / self._rate
                if self._ended.wait(max(due - time.monotonic(), 0)):
                    return
                self._post(client, applicant(self._seed, number), number)

    def _post(self, client: httpx.Client, given: Application, number: int) -> None:
        sent_at, key = time.time(), {"Idempotency-Key": given.key}
        try:
            ids, before = (self._uploaded[number % SCAN_SETS], 1) if self._uploaded else self._upload(client, given)
            body = given.request(ids)
            answer, tries = answered(lambda: client.post("/intake/api/applications", json=body, headers=key))
        except (TimeoutError, PermissionError) as fault:
            self._ledger.give_up(given.platform_no, str(fault))
            return
        if answer.status_code != 201:
            self._ledger.refuse(given.platform_no, f"{answer.status_code} {answer.text[:300]}")
            return
        entry = Accepted(
            given.platform_no,
            given.key,
            answer.json()["id"],
            email_of(number),
            sent_at,
            time.time(),
            max(before, tries),
        )
        self._ledger.accept(entry)

    def _upload(self, client: httpx.Client, given: Application) -> tuple[dict[str, str], int]:
        """The ids of an application's scans by kind, and how often the most repeated one was sent."""
        contents = _contents(self._seed, int(given.platform_no.rpartition("-")[2]) % SCAN_SETS)
        uploaded = {kind: self._upload_one(client, *scan) for kind, scan in contents.items()}
        return {kind: one for kind, (one, _tries) in uploaded.items()}, max(tries for _one, tries in uploaded.values())

    def _upload_one(self, client: httpx.Client, media_type: str, content: bytes) -> tuple[str, int]:
        headers = {"Content-Type": media_type}
        parameters = {"programme": self._programme}
        answer, tries = answered(
            lambda: client.post("/intake/api/files", params=parameters, content=content, headers=headers)
        )
        if answer.status_code != 201:
            raise PermissionError(f"scan: {answer.status_code} {answer.text[:300]}")
        return str(answer.json()["id"]), tries


def answered(ask: Callable[[], httpx.Response]) -> tuple[httpx.Response, int]:
    """Asks the same again, after longer and longer pauses, until there is an answer that is not a server's failure; says how
    often it asked. Raises TimeoutError when nobody answered for PATIENCE_SECONDS."""
    ends, pause, last = time.monotonic() + PATIENCE_SECONDS, 0.1, ""
    for tries in itertools.count(1):
        if time.monotonic() > ends:
            break
        try:
            answer = ask()
            if answer.status_code < 500:
                return answer, tries
            last = f"{answer.status_code} {answer.text[:300]}"
        except httpx.TransportError as fault:
            last = f"{type(fault).__name__}: {fault}"
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    raise TimeoutError(last)


@cache
def _contents(seed: int, number: int) -> Mapping[str, tuple[str, bytes]]:
    def drawn(scan: Scan) -> tuple[str, bytes]:
        return scan.media_type, scan.content()

    return {scan.kind: drawn(scan) for scan in applicant(seed, number).scans}
