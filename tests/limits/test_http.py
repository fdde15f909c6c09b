"""HTTP as RFC 9110 has it, on every route of every service: HEAD, OPTIONS, Allow, WWW-Authenticate, Content-Language, and a
connection that outlives a failure."""

import http.client
import re
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from shared.dashboard.static_files import address
from shared.wiring.registry import SERVICES
from tests.limits.apps import make_apps, routes_of
from tests.shared.sample_service import Installation
from tests.signing import serving

ZERO = "00000000-0000-0000-0000-000000000000"


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> list[FastAPI]:
    return list(make_apps(tmp_path_factory.mktemp("apps")))


def paths_of(app: FastAPI) -> dict[str, set[str]]:
    """Return the methods of each path of an app, with values in place of the parameters."""
    methods: dict[str, set[str]] = defaultdict(set)
    for route in routes_of(app):
        methods[re.sub(r"\{[^}]*\}", ZERO, route.path)] |= set(route.methods or ())
    return methods


def test_every_path_names_its_methods(apps: list[FastAPI]) -> None:
    seen = 0
    for app in apps:
        client = TestClient(app, follow_redirects=False)
        for path, methods in paths_of(app).items():
            allowed = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
            asked = client.options(path)
            refused = client.request("PROPFIND", path)
            assert (asked.status_code, refused.status_code) == (204, 405), path
            for answer in (asked, refused):
                assert allowed <= set(answer.headers["Allow"].split(", ")), path
            seen += 1
    assert seen > 130


def test_head_is_get_without_its_content(apps: list[FastAPI]) -> None:
    for app in apps:
        client = TestClient(app, follow_redirects=False)
        for path, methods in paths_of(app).items():
            if "GET" in methods:
                got, head = client.get(path), client.head(path)
                assert (head.status_code, head.content) == (got.status_code, b""), path
                assert head.headers.get("content-type") == got.headers.get("content-type"), path


def test_lists_and_their_files_name_their_methods(tmp_path: Path) -> None:
    client = TestClient(Installation(tmp_path).app)
    for path in ("/intake/tables/parcels/list", address("lingjun/mark.svg")):
        answer = client.options(path)
        assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, HEAD, OPTIONS")
    assert client.options("/intake/tables/_api/parcels/action").headers["Allow"] == "OPTIONS, POST"
    assert client.options("/intake/nothing").status_code == 404


def test_every_401_states_how_to_authenticate(apps: list[FastAPI]) -> None:
    schemes: dict[str, int] = defaultdict(int)
    for app in apps:
        client = TestClient(app, follow_redirects=False)
        for path, methods in paths_of(app).items():
            for method in methods:
                answer = client.request(method, path, headers={"Accept": "application/json"})
                if answer.status_code == 401:
                    schemes[answer.headers["WWW-Authenticate"]] += 1
                    assert answer.headers["Content-Language"] == "zh"
    assert set(schemes) == {'Cookie realm="lingjun"', 'Bearer realm="lingjun"'}
    assert min(schemes.values()) > 3


def test_the_openapi_document_is_sent_once(apps: list[FastAPI]) -> None:
    for app in apps:
        client, path = TestClient(app), f"{SERVICES[app.state.process.service].prefix}/api/openapi.json"
        first = client.get(path)
        tag = first.headers["ETag"]
        assert (first.headers["Cache-Control"], first.json()["openapi"][:2]) == ("no-cache", "3.")
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = client.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_texts_name_their_language(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    client = TestClient(installation.app, cookies=installation.cookies("intake"))
    assert client.get("/intake/").headers["Content-Language"] == "zh"
    client.cookies.set("lingjun_language", "en")
    assert client.get("/intake/").headers["Content-Language"] == "en"
    assert client.get("/intake/api/none").headers["Content-Language"] == "en"
    assert "Content-Language" not in client.get("/intake/healthz").headers


def test_a_failure_leaves_the_connection_open_and_has_every_header(tmp_path: Path) -> None:
    installation = Installation(tmp_path)

    def fail() -> None:
        raise LookupError("unexpected")

    installation.app.add_api_route("/intake/api/fail", fail)
    with serving(installation.app) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        for path, status in (("/intake/api/fail", 500), ("/intake/healthz", 200), ("/intake/api/fail", 500)):
            connection.request("GET", path)
            socket = connection.sock
            answer = connection.getresponse()
            answer.read()
            assert answer.status == status
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert connection.sock is socket
