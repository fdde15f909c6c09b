"""The public platform during a run: posts at a steady rate and repeats unanswered requests, as a correct client does.

Used by run.py. Each of its threads has a separate connection.
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
ANSWER_TIMEOUT_SECONDS = 180


class Poster:
    """Posts `rate` applications per second until `stop`. Each has new scans, or scans of `upload_beforehand`."""

    def __init__(self, stage: Stage, ledger: Ledger, *, programme: str, seed: int, rate: float) -> None:
        self._stage, self._ledger, self._programme = stage, ledger, programme
        self._seed, self._rate = seed, rate
        self._uploaded: Sequence[dict[str, str]] = ()
        self._numbers = itertools.count()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def upload_beforehand(self) -> None:
        """Upload the scans that all later applications refer to."""
        with self._stage.platform() as client:
            self._uploaded = [self._upload(client, applicant(self._seed, number))[0] for number in range(SCAN_SETS)]

    def draw_scans(self) -> None:
        """Draw and cache the scans: drawing them per application takes longer than the installation's work."""
        for number in range(SCAN_SETS):
            _contents(self._seed, number)

    def start(self) -> None:
        """Start posting."""
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._post_in_turn, daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop posting. Pending requests are repeated until they are answered."""
        self._ended.set()

    def pending_requests(self) -> int:
        """Return the number of threads that still wait for a response."""
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

    def _post(self, client: httpx.Client, filing: Application, number: int) -> None:
        sent_at, key = time.time(), {"Idempotency-Key": filing.key}
        try:
            ids, before = (self._uploaded[number % SCAN_SETS], 1) if self._uploaded else self._upload(client, filing)
            body = filing.request(ids)
            answer, tries = send_until_answered(lambda: client.post("/intake/api/applications", json=body, headers=key))
        except (TimeoutError, PermissionError) as error:
            self._ledger.record_unanswered(filing.platform_no, str(error))
            return
        if answer.status_code != 201:
            self._ledger.record_refused(filing.platform_no, f"{answer.status_code} {answer.text[:300]}")
            return
        entry = Accepted(
            filing.platform_no,
            filing.key,
            answer.json()["id"],
            email_of(number),
            sent_at,
            time.time(),
            max(before, tries),
        )
        self._ledger.record_accepted(entry)

    def _upload(self, client: httpx.Client, filing: Application) -> tuple[dict[str, str], int]:
        """Upload an application's scans. Return their ids by kind, and the largest number of attempts."""
        contents = _contents(self._seed, int(filing.platform_no.rpartition("-")[2]) % SCAN_SETS)
        uploaded = {kind: self._upload_one(client, *scan) for kind, scan in contents.items()}
        return {kind: one for kind, (one, _tries) in uploaded.items()}, max(tries for _one, tries in uploaded.values())

    def _upload_one(self, client: httpx.Client, media_type: str, content: bytes) -> tuple[str, int]:
        headers = {"Content-Type": media_type}
        parameters = {"programme": self._programme}
        answer, tries = send_until_answered(
            lambda: client.post("/intake/api/files", params=parameters, content=content, headers=headers)
        )
        if answer.status_code != 201:
            raise PermissionError(f"scan: {answer.status_code} {answer.text[:300]}")
        return str(answer.json()["id"]), tries


def send_until_answered(send: Callable[[], httpx.Response]) -> tuple[httpx.Response, int]:
    """Repeat a request with growing pauses until the status is below 500. Return the response and the attempts.

    Raises TimeoutError after ANSWER_TIMEOUT_SECONDS.
    """
    ends, pause, last = time.monotonic() + ANSWER_TIMEOUT_SECONDS, 0.1, ""
    for tries in itertools.count(1):
        if time.monotonic() > ends:
            break
        try:
            answer = send()
            if answer.status_code < 500:
                return answer, tries
            last = f"{answer.status_code} {answer.text[:300]}"
        except httpx.TransportError as error:
            last = f"{type(error).__name__}: {error}"
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    raise TimeoutError(last)


@cache
def _contents(seed: int, number: int) -> Mapping[str, tuple[str, bytes]]:
    def drawn(scan: Scan) -> tuple[str, bytes]:
        return scan.media_type, scan.content()

    return {scan.kind: drawn(scan) for scan in applicant(seed, number).scans}
