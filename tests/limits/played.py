"""A world that was played to its end, behind the apps of all services, for the tests that send requests to it."""

import html
import logging
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import structlog
from fastapi import FastAPI
from fastapi.testclient import TestClient
from joserfc.jwk import OKPKey

from services.intake import actions
from services.loading import app_maker, settings_class
from shared.foundation.clock import real_now
from shared.http.auth import COOKIE, SessionToken, csrf_token, sign_token
from shared.wiring.process import open_process
from shared.wiring.registry import SERVICES
from shared.wiring.settings import embedded
from tests.simulation.faults import Faults
from tests.simulation.nature import deterministic, tuned_gc
from tests.simulation.world import World

SEED = 4


@dataclass
class Played:
    """The apps of all services over the databases of a played world, with a client for each role."""

    folder: Path
    apps: dict[str, FastAPI]
    signing_key: OKPKey
    api_key: str
    known: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    links: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lists: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def client(self, service: str, role: str, *others: str) -> TestClient:
        """Return a client with a session of these roles, with the API key ("platform"), or with neither ("")."""
        client = TestClient(self.apps[service], raise_server_exceptions=False, follow_redirects=False)
        if role == "platform":
            client.headers["Authorization"] = f"Bearer {self.api_key}"
        elif role:
            now = real_now().timestamp()
            token = SessionToken(
                sub=f"{role}99", name=role, roles=(role, *others), iat=now, exp=now + 9000, sid=role.ljust(32, "s")
            )
            client.cookies[COOKIE] = sign_token(token, self.signing_key)
            client.headers["X-CSRF-Token"] = csrf_token(token.sid)
        return client


def play(folder: Path) -> Played:
    """Play a world without faults and open its services' apps, with a new API key."""
    with tuned_gc():
        world = World(SEED, folder, Faults(SEED, rate=0))
        try:
            with deterministic(SEED, world.clock):
                world.play()
        finally:
            world.close()
    clock = folder / "clock"
    clock.write_text(world.clock.now().isoformat())
    apps, key = {}, ""
    for service in SERVICES:
        values = embedded(folder, service, public_url="http://testserver", clock=f"travelling:{clock}")
        copy = world.stage.services[service].database.copy()
        with closing(copy), closing(sqlite3.connect(folder / f"{service}.db")) as file:
            copy.backup(file)
        rates = dict.fromkeys(("rate_per_key", "rate_per_address", "rate_per_form"), "100000/second")
        process = open_process(settings_class(service).model_validate(values | rates))
        if service == "intake":
            with process.database.transaction() as uow:
                key = actions.issue_client_key(uow, "另一平台", actor="test", now=process.clock.now())
        apps[service] = app_maker(service)(process)
    return Played(folder, apps, apps["portal"].state.signing_key, key)


def crawl(played: Played, *, most: int = 400, show: Callable[[str, str], None] = lambda path, page: None) -> None:
    """Open the pages that each service links to, and note the values of their links and form fields. `show` gets the path and the
    text of each page."""
    for service, spec in SERVICES.items():
        for role in (*spec.roles, "auditor", "administrator"):
            client, waiting = played.client(service, role), [f"{spec.prefix}/"]
            seen: set[str] = set()
            while waiting and len(seen) < most // len(spec.roles):
                path = waiting.pop(0)
                if path in seen:
                    continue
                seen.add(path)
                answer = client.get(path)
                if answer.status_code == 200 and "html" in answer.headers.get("content-type", ""):
                    show(path, answer.text)
                    waiting += [link for link in _noted(played, service, answer.text) if link not in seen]


def _noted(played: Played, service: str, page: str) -> Iterator[str]:
    for tag in re.findall(r"<(?:input|select|textarea|button)\b[^>]*>", page):
        attributes = dict(re.findall(r'\b(name|value)="([^"]*)"', tag))
        if "name" in attributes:
            played.known[attributes["name"]].add(html.unescape(attributes.get("value", "")))
    for value in re.findall(r'<option[^>]*\bvalue="([^"]*)"', page):
        played.known["an option"].add(html.unescape(value))
    for link in re.findall(r'\b(?:href|action|hx-get|hx-post)="(/[^"]*)"', page):
        target = urlsplit(html.unescape(link))
        owner = next(
            (one for one, spec in SERVICES.items() if spec.prefix and target.path.startswith(f"{spec.prefix}/")),
            "portal",
        )
        if owner != service:
            continue
        for name, value in parse_qsl(target.query):
            played.known[name].add(value)
        if found := re.match(rf"{SERVICES[service].prefix}/tables/([\w-]+)/list", target.path):
            played.lists[service].add(found[1])
        played.links[service].add(target.path)
        if "/static" not in target.path and "/session/" not in target.path:
            yield target.path + (f"?{target.query}" if target.query else "")


@contextmanager
def quiet() -> Iterator[None]:
    """Log nothing within the block: every refusal is a line."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)
