"""The ways into the house that the player uses: the platform's API key, a person's session, and the students' mail."""

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

from shared.events.subscriptions import topology

SERVICES = ("portal", "intake", "review", "scheduling", "billing")
QUIET_SECONDS = 120
AT_ONCE = 4
T = TypeVar("T")
R = TypeVar("R")
# Made once: loading the system's authorities for each person of the story would take longer than the story.
_TLS = ssl.create_default_context()
_CSRF = re.compile(r'<meta name="csrf-token" content="([^"]+)"')


class Unexpected(Exception):
    """The house answered otherwise than the story has it; says which request, and what came back."""

    def __init__(self, request: httpx.Request, answer: httpx.Response) -> None:
        text = re.sub(r"<[^>]+>|\s+", " ", answer.text)[:600]
        super().__init__(f"{request.method} {request.url} -> {answer.status_code} {text}")


def together(act: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """Does `act` for each item, a few at a time, as different people at their desks would; the first failure is raised."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, items))


def house_client(addresses: Mapping[str, str]) -> httpx.Client:
    """A client whose requests go to the service named by the first step of the path, at its address."""
    return httpx.Client(transport=_ByService(addresses), base_url="http://127.0.0.1", timeout=60)


class _ByService(httpx.HTTPTransport):
    def __init__(self, addresses: Mapping[str, str]) -> None:
        super().__init__(verify=_TLS, limits=httpx.Limits(max_connections=20, max_keepalive_connections=10))
        self._addresses = {name: httpx.URL(address) for name, address in addresses.items()}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        first = request.url.path.split("/", 2)[1]
        address = self._addresses.get(first, self._addresses["portal"])
        # A copy: the client keeps its cookies by the address that it asked for, one for all services.
        url = request.url.copy_with(host=address.host, port=address.port)
        stream, extensions = request.stream, request.extensions
        return super().handle_request(
            httpx.Request(request.method, url, headers=request.headers, stream=stream, extensions=extensions)
        )


@dataclass
class Person:
    """Somebody of the staff, signed in; acts by the forms of the pages, as a browser would."""

    account: str
    client: httpx.Client
    csrf: str = ""

    def sign_in(self, password: str) -> "Person":
        """Signs in and remembers what forms must carry."""
        answer = self.client.post("/sign-in", data={"account": self.account, "password": password})
        if answer.status_code != 303:
            raise Unexpected(answer.request, answer)
        self.csrf = self.token_on("/")
        return self

    def token_on(self, path: str) -> str:
        """The token that a page's forms carry."""
        answer = self.client.get(path)
        found = _CSRF.search(answer.text)
        if found is None:
            raise Unexpected(answer.request, answer)
        return found[1]

    def json(self, path: str, **parameters: Any) -> Any:
        """Reads a JSON route."""
        answer = self.client.get(path, params=parameters)
        if answer.status_code != 200:
            raise Unexpected(answer.request, answer)
        return answer.json()

    def submit(self, path: str, data: Mapping[str, Any] | None = None, files: Any = None) -> httpx.Response:
        """Sends a form; anything but "done, go on there" or a page is unexpected."""
        answer = self.try_to_submit(path, data, files)
        if answer.status_code not in (200, 303):
            raise Unexpected(answer.request, answer)
        return answer

    def try_to_submit(self, path: str, data: Mapping[str, Any] | None = None, files: Any = None) -> httpx.Response:
        """Sends a form that may be refused."""
        return self.client.post(path, data=dict(data or {}), files=files, headers={"X-CSRF-Token": self.csrf})


@dataclass
class Stage:
    """All that the chapters share: the doors, the passwords, the post box, and the house's clock."""

    addresses: Mapping[str, str]
    passwords: Mapping[str, str]
    mail: Path
    people: dict[str, Person] = field(default_factory=dict)
    platform_key: str = ""

    def person(self, account: str) -> Person:
        """The person of that account, signed in once."""
        if account not in self.people:
            person = Person(account, house_client(self.addresses))
            self.people[account] = person.sign_in(self.passwords[account])
        return self.people[account]

    def platform(self) -> httpx.Client:
        """The public platform, with its API key."""
        client = house_client(self.addresses)
        client.headers["Authorization"] = f"Bearer {self.platform_key}"
        return client

    def visitor(self) -> httpx.Client:
        """Somebody without an account, such as a student who opens a link."""
        return house_client(self.addresses)

    def letters(self) -> list[str]:
        """The texts of all messages sent so far."""
        found = []
        for path in sorted(self.mail.glob("*.eml")):
            body = message_from_bytes(path.read_bytes(), policy=default).get_body(("plain",))
            found.append(str(body.get_content()) if body else "")
        return found

    def infrastructure(self) -> dict[str, Any]:
        """What waits, was said and was heard, service by service."""
        auditor = self.person("audit01")
        return {name: auditor.json(f"{'' if name == 'portal' else '/' + name}/api/plumbing") for name in SERVICES}

    def now(self) -> datetime:
        """The house's business time."""
        return datetime.fromisoformat(self.person("audit01").json("/api/plumbing")["now"])

    def settle(self) -> None:
        """Waits until nothing is under way: no outbox row, no open job, every event heard by every listener, no deadline
        left to look at."""
        ends = time.monotonic() + QUIET_SECONDS
        while left := unsettled(self.infrastructure()):
            if time.monotonic() > ends:
                raise TimeoutError(f"the house did not come to rest: {left}")
            time.sleep(0.05)

    def travel(self, moment: datetime) -> None:
        """Moves the house's clock on to `moment`, once all is settled, and waits for what that brings."""
        self.settle()
        if moment > self.now():
            answer = self.person("admin").client.post(
                "/api/demo/clock",
                json={"moment": moment.isoformat()},
                headers={"X-CSRF-Token": self.person("admin").csrf},
            )
            if answer.status_code not in (200, 204):
                raise Unexpected(answer.request, answer)
            self.settle()


def unsettled(infrastructure: Mapping[str, Any]) -> list[str]:
    """What is still under way, in words; empty when the house is at rest."""
    left = []
    for name, stats in infrastructure.items():
        open_jobs = sum(stats["jobs"].get(state, 0) for state in ("waiting", "sent", "running"))
        if stats["outbox"] or open_jobs:
            left.append(f"{name}: outbox {stats['outbox']}, jobs {open_jobs}")
        if stats["looked_at"] is None or stats["looked_at"] < stats["now"]:
            left.append(f"{name}: deadlines not looked at since {stats['looked_at']}")
    said: dict[str, int] = {}
    for stats in infrastructure.values():
        said |= stats["published"]
    for queue, types in topology().items():
        for kind in types:
            heard = infrastructure[queue]["heard"].get(kind, 0)
            if heard != said.get(kind, 0):
                left.append(f"{queue}: {kind} {heard} of {said.get(kind, 0)}")
    return left
