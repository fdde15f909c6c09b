"""The sender is known, and the length acceptable, before a byte of the body is read: on every route of every service."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient
from starlette.types import Message

from shared.http import limits
from shared.http.auth import COOKIE, SAFE_METHODS, Credential
from shared.http.csrf import check_form_token
from shared.http.gate import rules_of
from tests.limits.apps import dependants, make_apps, routes_of
from tests.shared.sample_service import Installation

# Anybody may sign in, renew or end a session, type the check code of a letter, read static files and the page of problems, and
# ask whether the process is alive.
OPEN = {"/sign-in", "/session/renew", "/session/end", "/review/check", "/healthz", "/readyz", "/problems"}
STATIC = "/static/{asked_version}/{path:path}"
# The GET of a link checks it in its route.
LINKS = {"/welcome/{secret}", "/intake/consent/{token}", "/review/check/{code}"}
# The table, apart from the two defaults.
NAMED = {
    "/intake/api/files": limits.SCAN,
    "/billing/statements": limits.BANK_FILE,
    "/sign-in": limits.OPEN_FORM,
    "/welcome/{secret}": limits.OPEN_FORM,
    "/intake/consent/{token}": limits.OPEN_FORM,
    "/intake/programmes": limits.JSON,
    "/intake/programmes/{code}/revision": limits.JSON,
}


class BodyWasRead(Exception):
    """The test's `receive` was called."""


def answer_without_body(app: FastAPI, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
    """Send the head of a request; return the status and body of the response. Raises BodyWasRead."""
    sent: list[Message] = []
    was_read = False

    async def receive() -> Message:
        nonlocal was_read
        was_read = True
        return {"type": "http.disconnect"}

    async def note(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("testserver", 80),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    try:
        asyncio.run(app(scope, receive, note))
    except ClientDisconnect:
        assert was_read
    if was_read:
        raise BodyWasRead
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent)


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> list[FastAPI]:
    return make_apps(tmp_path_factory.mktemp("apps"))


def is_open(path: str) -> bool:
    return path in OPEN or path == STATIC or path.endswith(("/healthz", "/readyz", "/api/openapi.json"))


def filled(path: str) -> str:
    return "/".join("x" if part.startswith("{") else part for part in path.split("/"))


FORM = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": "10000"}
JSON = {"Content-Type": "application/json", "Content-Length": "10000"}


@pytest.mark.parametrize("size", ["10000", str(20 * 1024 * 1024)])
@pytest.mark.parametrize("head", [FORM, JSON], ids=["form", "json"])
def test_without_a_credential_no_route_reads_the_body(apps: list[FastAPI], head: dict[str, str], size: str) -> None:
    answers = {
        (method, route.path): answer_without_body(app, method, filled(route.path), head | {"Content-Length": size})[0]
        for app in apps
        for route in routes_of(app)
        if not is_open(route.path)
        for method in set(route.methods) - SAFE_METHODS
    }
    assert len(answers) > 60
    assert {one: status for one, status in answers.items() if status not in (401, 404)} == {}
    assert {path for (_method, path), status in answers.items() if status == 404} == LINKS


def test_every_route_checks_a_credential_and_the_form_token(apps: list[FastAPI]) -> None:
    for app in apps:
        for route in routes_of(app):
            calls = [one.call for one in dependants(route.dependant)]
            assert check_form_token in calls, route.path
            if not is_open(route.path) and route.path not in LINKS:
                assert any(isinstance(call, Credential) for call in calls), route.path


def test_the_limits_are_those_of_the_table(apps: list[FastAPI]) -> None:
    found = {}
    for app in apps:
        for route in routes_of(app):
            rule = next(one for one in rules_of(app.routes) if one.route is route.original_route)
            found[route.path] = rule.limit
    assert NAMED.items() <= found.items()
    for path in found.keys() - NAMED.keys():
        assert found[path] == (limits.JSON if "/api/" in path else limits.FORM), path


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def with_session(installation: Installation, *roles: str, **more: Any) -> dict[str, str]:
    return FORM | {"Cookie": f"{COOKIE}={installation.token(*roles, **more)}"}


@pytest.mark.parametrize("path", ["/intake/parcels/1/pass", "/intake/tables/_api/parcels/action"])
def test_a_session_of_another_role_or_an_expired_one_gets_no_body_read(installation: Installation, path: str) -> None:
    other = answer_without_body(installation.app, "POST", path, with_session(installation, "finance"))[0]
    expired = answer_without_body(installation.app, "POST", path, with_session(installation, "intake", age=1000))[0]
    assert (other, expired) == (403, 401)
    with pytest.raises(BodyWasRead):
        answer_without_body(installation.app, "POST", path, with_session(installation, "intake"))


@pytest.mark.parametrize("path", ["/intake/parcels/1/pass", "/intake/tables/_api/parcels/action"])
@pytest.mark.parametrize(
    "more",
    [{"X-CSRF-Token": "wrong"}, {"Content-Type": "application/json"}, {"Sec-Fetch-Site": "cross-site"}],
    ids=["wrong token", "no form", "cross-site"],
)
def test_a_forged_request_gets_403_before_the_body(installation: Installation, path: str, more: dict[str, str]) -> None:
    head = with_session(installation, "intake") | more
    assert answer_without_body(installation.app, "POST", path, head)[0] == 403


@pytest.mark.parametrize("path", ["/intake/parcels/1/pass", "/intake/tables/_api/parcels/action"])
def test_a_declared_length_above_the_limit_gets_413_before_the_body(installation: Installation, path: str) -> None:
    head = with_session(installation, "intake") | {"Content-Length": str(limits.FORM + 1)}
    status, body = answer_without_body(installation.app, "POST", path, head)
    assert (status, "2 MB" in body.decode()) == (413, True)


@pytest.mark.parametrize("path", ["/intake/parcels/1/pass", "/intake/tables/_api/parcels/action"])
def test_a_form_above_the_limit_gets_413_without_a_declared_length(installation: Installation, path: str) -> None:
    client = TestClient(installation.app, cookies=installation.cookies("intake"))
    parts = iter([b"note=", *[b"x" * 1024 * 1024] * 3])
    answer = client.post(path, content=parts, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (answer.status_code, "2 MB" in answer.text) == (413, True)
