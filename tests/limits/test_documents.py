"""The OpenAPI documents state how each operation authenticates, what its body must have, and the headers of refusals."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from redis.exceptions import ConnectionError as RedisUnavailable

from services.intake import actions
from shared.http.auth import COOKIE
from shared.http.openapi import document
from shared.wiring.registry import SERVICES
from tests.limits.apps import make_apps, routes_of
from tests.signing import csrf_headers, session_cookies

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> list[FastAPI]:
    return make_apps(tmp_path_factory.mktemp("apps"))


@pytest.fixture
def intake(apps: list[FastAPI]) -> dict[str, Any]:
    return next(document(app) for app in apps if app.state.process.service == "intake")


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in document(app)["paths"].items():
        for method in METHODS & found.keys():
            yield path, method, found[method]


def credentials(app: FastAPI) -> dict[str, dict[str, str]]:
    """Return the headers of each security scheme, for a sender who may do everything."""
    process = app.state.process
    (cookie,) = session_cookies(process, *SERVICES[process.service].roles, "auditor", "administrator").values()
    found = {"staffSession": {"Cookie": f"{COOKIE}={cookie}"}, "csrfToken": csrf_headers()}
    if process.service == "intake":
        with process.database.transaction() as uow:
            key = actions.issue_client_key(uow, "平台", actor="test", now=process.clock.now())
        found["apiKey"] = {"Authorization": f"Bearer {key}"}
    return found


def status(app: FastAPI, method: str, path: str, *headers: dict[str, str]) -> int:
    client = TestClient(app, raise_server_exceptions=False)
    sent = {name: value for one in headers for name, value in one.items()}
    return client.request(method, path.replace("{", "").replace("}", ""), headers=sent).status_code


def test_an_operation_authenticates_by_the_schemes_that_its_document_names(apps: list[FastAPI]) -> None:
    for app in apps:
        known, used = credentials(app), set()
        for path, method, operation in operations(app):
            (requirement,) = operation["security"]
            assert status(app, method, path) == 401, path
            assert status(app, method, path, *(known[one] for one in requirement)) not in (401, 403), path
            for one in requirement:
                others = [known[name] for name in known if name != one]
                assert status(app, method, path, *others) in (401, 403), (path, one)
            used |= requirement.keys()
        assert used == document(app)["components"]["securitySchemes"].keys()


def test_operation_ids_are_the_names_of_the_functions_and_unique(apps: list[FastAPI]) -> None:
    for app in apps:
        ids = [operation["operationId"] for _path, _method, operation in operations(app)]
        assert sorted(ids) == sorted(
            route.name for route in routes_of(app) if "/api/" in route.path and "openapi.json" not in route.path
        )
        assert len(ids) == len(set(ids))


def test_the_server_and_the_contact_are_the_installation(apps: list[FastAPI]) -> None:
    for app in apps:
        address = app.state.process.settings.public_url
        assert document(app)["servers"] == [{"url": address}]
        assert document(app)["info"]["contact"]["url"].rstrip("/") == address


def test_a_draft_needs_its_key_and_a_patch_nothing(intake: dict[str, Any]) -> None:
    schemas = intake["components"]["schemas"]
    assert schemas["DraftIn"]["required"] == ["programme", "platform_no"]
    assert schemas["DraftIn"]["additionalProperties"] is True
    assert "required" not in schemas["DraftPatch"]
    patch = intake["paths"]["/intake/api/applications/{application_id}"]["patch"]
    assert list(patch["requestBody"]["content"]) == ["application/merge-patch+json"]


def headers_of(intake: dict[str, Any], code: int) -> set[str]:
    reference = intake["paths"]["/intake/api/applications"]["post"]["responses"][str(code)]["$ref"]
    response = intake["components"]["responses"][reference.rpartition("/")[2]]
    return {name.lower() for name in response.get("headers", {})}


def sent_headers(client: TestClient, path: str, code: int) -> set[str]:
    answers = [client.get(path) for _ in range(4)]
    plain = client.get("/intake/healthz").headers.keys()
    return set(next(one for one in answers if one.status_code == code).headers.keys() - plain)


def test_the_headers_of_refusals_are_those_that_are_sent(intake: dict[str, Any], tmp_path: Path) -> None:
    (app,) = (one for one in make_apps(tmp_path, rate_per_address="3/minute") if one.state.process.service == "intake")

    @app.get("/intake/api/away")
    def away() -> None:
        raise RedisUnavailable

    client = TestClient(app)
    assert (
        sent_headers(client, "/intake/api/away", 503) == headers_of(intake, 503) == {"content-language", "retry-after"}
    )
    assert sent_headers(client, "/intake/api/away", 429) == headers_of(intake, 429)
    (tmp_path / "other").mkdir()
    client = TestClient(make_apps(tmp_path / "other")[0])
    assert sent_headers(client, "/intake/api/figures", 401) == headers_of(intake, 401)
