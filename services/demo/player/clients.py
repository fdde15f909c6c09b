"""HTTP clients of the player: the platform with its API key, staff sessions, and the students' mail folder."""

import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any, TypeVar

import httpx

from shared.wiring.registry import DEFAULT, SERVICES, topology

QUIET_SECONDS = 120
AT_ONCE = 4
T = TypeVar("T")
R = TypeVar("R")
# Created once: loading the system's CA certificates for each person would take longer than the play itself.
_TLS = ssl.create_default_context()
_CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class UnexpectedResponse(Exception):
    """A response that the story does not expect. The message names the request and shows the response."""

    def __init__(self, request: httpx.Request, answer: httpx.Response) -> None:
        text = re.sub(r"<[^>]+>|\s+", " ", answer.text)[:600]
        super().__init__(f"{request.method} {request.url} -> {answer.status_code} {text}")


def run_concurrently(act: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Call `act` for each item, AT_ONCE at a time. Return the results in order; raise the first exception."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, items))


def installation_client(addresses: Mapping[str, str]) -> httpx.Client:
    """Return a client that sends each request to the address of the service named by the first path segment."""
    return httpx.Client(transport=_ByService(addresses), base_url="http://127.0.0.1", timeout=60)


class _ByService(httpx.HTTPTransport):
    def __init__(self, addresses: Mapping[str, str]) -> None:
        super().__init__(verify=_TLS, limits=httpx.Limits(max_connections=20, max_keepalive_connections=10))
        self._addresses = {name: httpx.URL(address) for name, address in addresses.items()}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        first = request.url.path.split("/", 2)[1]
        address = self._addresses.get(first, self._addresses[DEFAULT.name])
        # Change a copy: the client stores cookies by the requested host, which is the same for all services.
        url = request.url.copy_with(host=address.host, port=address.port)
        stream, extensions = request.stream, request.extensions
        return super().handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=stream, extensions=extensions)
        )


@dataclass
class Person:
    """A signed-in staff member who submits page forms as a browser does."""

    account: str
    client: httpx.Client
    csrf: str = ""

    def sign_in(self, password: str) -> "Person":
        """Sign in and store the CSRF token for forms."""
        answer = self.client.post("/sign-in", data={"account": self.account, "password": password})
        if answer.status_code != 303:
            raise UnexpectedResponse(answer.request, answer)
        self.csrf = self.token_on("/")
        return self

    def token_on(self, path: str) -> str:
        """Return the CSRF token of a page."""
        answer = self.client.get(path)
        found = _CSRF.search(answer.text)
        if found is None:
            raise UnexpectedResponse(answer.request, answer)
        return found[1]

    def json(self, path: str, **parameters: Any) -> Any:
        """Return the parsed response of a JSON endpoint."""
        answer = self.client.get(path, params=parameters)
        if answer.status_code != 200:
            raise UnexpectedResponse(answer.request, answer)
        return answer.json()

    def submit(self, path: str, data: Mapping[str, Any] | None = None, files: Any = None) -> httpx.Response:
        """Submit a form. Raises UnexpectedResponse for any status but 200 and 303."""
        answer = self.try_to_submit(path, data, files)
        if answer.status_code not in (200, 303):
            raise UnexpectedResponse(answer.request, answer)
        return answer

    def try_to_submit(self, path: str, data: Mapping[str, Any] | None = None, files: Any = None) -> httpx.Response:
        """Submit a form that the service may reject. Return the response."""
        return self.client.post(path, data=dict(data or {}), files=files, headers={"X-CSRF-Token": self.csrf})


@dataclass
class Stage:
    """The shared state of all chapters: addresses, passwords, mail folder, sessions, the platform's API key."""

    addresses: Mapping[str, str]
    passwords: Mapping[str, str]
    mail: Path
    people: dict[str, Person] = field(default_factory=dict)
    platform_key: str = ""

    def person(self, account: str) -> Person:
        """Return the person of an account, signed in on first use."""
        if account not in self.people:
            person = Person(account, installation_client(self.addresses))
            self.people[account] = person.sign_in(self.passwords[account])
        return self.people[account]

    def platform(self) -> httpx.Client:
        """Return a client of the public platform with its API key."""
        client = installation_client(self.addresses)
        client.headers["Authorization"] = f"Bearer {self.platform_key}"
        return client

    def visitor(self) -> httpx.Client:
        """Return a client without an account, such as a student who opens a link."""
        return installation_client(self.addresses)

    def sent_mails(self) -> list[str]:
        """Return the texts of all mails sent so far."""
        found = []
        for path in sorted(self.mail.glob("*.eml")):
            body = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
            found.append(str(body.get_content()) if body else "")
        return found

    def infrastructure(self) -> dict[str, Any]:
        """Return the outbox, job, inbox and timer statistics of each service."""
        auditor = self.person("audit01")
        return {name: auditor.json(f"{spec.prefix}/api/plumbing") for name, spec in SERVICES.items()}

    def now(self) -> datetime:
        """Return the installation's business time."""
        return datetime.fromisoformat(self.person("audit01").json("/api/plumbing")["now"])

    def settle(self) -> None:
        """Wait until no work is pending: no outbox rows, no open jobs, all events handled, all deadlines checked.

        Raises TimeoutError after QUIET_SECONDS.
        """
        ends = time.monotonic() + QUIET_SECONDS
        while left := pending_work(self.infrastructure()):
            if time.monotonic() > ends:
                raise TimeoutError(f"the installation did not settle: {left}")
            time.sleep(0.05)

    def travel(self, moment: datetime) -> None:
        """Advance the installation's clock to `moment`. Wait for pending work before and after."""
        self.settle()
        if moment > self.now():
            answer = self.person("admin").client.post(
                "/api/demo/clock",
                json={"moment": moment.isoformat()},
                headers={"X-CSRF-Token": self.person("admin").csrf},
            )
            if answer.status_code not in (200, 204):
                raise UnexpectedResponse(answer.request, answer)
            self.settle()


def pending_work(infrastructure: Mapping[str, Any]) -> list[str]:
    """Describe the work that is still pending; empty if the installation is idle."""
    left = []
    for name, stats in infrastructure.items():
        open_jobs = sum(stats["jobs"].get(state, 0) for state in ("waiting", "sent", "running"))
        if stats["outbox"] or open_jobs:
            left.append(f"{name}: outbox {stats['outbox']}, jobs {open_jobs}")
        if stats["looked_at"] is None or stats["looked_at"] < stats["now"]:
            left.append(f"{name}: deadlines not looked at since {stats['looked_at']}")
    published: dict[str, int] = {}
    for stats in infrastructure.values():
        published |= stats["published"]
    for queue, types in topology().items():
        for kind in types:
            handled = infrastructure[queue]["heard"].get(kind, 0)
            if handled != published.get(kind, 0):
                left.append(f"{queue}: {kind} {handled} of {published.get(kind, 0)}")
    return left
