"""Authentication in every service: tokens, roles, revocation, CSRF protection."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OKPKey
from sqlmodel import select
from starlette.testclient import TestClient

from shared.events.portal import StaffAccessChanged
from shared.foundation.clock import real_now
from shared.http.auth import (
    COOKIE,
    CurrentUser,
    SessionToken,
    csrf_token,
    read_token,
    sign_token,
    store_access,
    unmasked,
)
from shared.persistence.models import AuditRow
from tests.shared.sample_service import Installation, Parcel

SID = "s" * 32


@pytest.fixture
def installation(tmp_path: Path, database_url: str) -> Installation:
    return Installation(tmp_path, database_url=database_url)


@pytest.fixture
def small_installation(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def client(installation: Installation, *roles: str, **more: Any) -> TestClient:
    cookies = installation.cookies(*roles, **more) if roles else {}
    return TestClient(installation.app, cookies=cookies, follow_redirects=False)


def change_access(installation: Installation, *roles: str, valid_from: Any) -> None:
    with installation.process.database.transaction() as uow:
        store_access(uow, StaffAccessChanged(account="li", roles=roles, valid_from=valid_from))


def test_a_signed_session_identifies_the_user(installation: Installation) -> None:
    answer = client(installation, "intake", "judge").get("/intake/api/whoami")
    assert answer.json() == {"account": "li", "roles": ["intake", "judge"]}


def test_a_page_without_a_session_redirects_to_sign_in_with_its_path(small_installation: Installation) -> None:
    answer = client(small_installation).get("/intake/parcels/2?from=list")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/intake/parcels/2%3Ffrom%3Dlist"


def test_a_page_with_an_expired_session_redirects_to_renewal(small_installation: Installation) -> None:
    answer = client(small_installation, "intake", age=901).get("/intake/")
    assert answer.headers["location"] == "/session/renew?next=/intake/"


def test_an_api_without_a_session_returns_a_problem(small_installation: Installation) -> None:
    answer = client(small_installation).get("/intake/api/whoami")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "not-signed-in"


def test_a_token_of_another_key_is_rejected(small_installation: Installation) -> None:
    token = SessionToken(sub="li", name="李青", roles=("intake",), iat=0, exp=9e9, sid=SID)
    forged = sign_token(token, OKPKey.generate_key("Ed25519"))
    answer = TestClient(small_installation.app, cookies={COOKIE: forged}).get("/intake/api/whoami")
    assert answer.status_code == 401


@pytest.mark.parametrize("compact", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "中文"])
def test_a_malformed_token_is_rejected(small_installation: Installation, compact: str) -> None:
    assert read_token(compact, small_installation.process.settings.token_public_key_file) is None


def test_tokens_are_rejected_before_the_portal_has_created_its_key(
    tmp_path: Path, small_installation: Installation
) -> None:
    assert read_token(small_installation.token("intake"), tmp_path / "not-yet.pem") is None


def test_a_wrong_role_is_refused_and_the_refusal_is_audited(
    installation: Installation,
) -> None:
    answer = client(installation, "finance").get("/intake/")
    assert answer.status_code == 403
    assert "您没有使用此功能的权限" in answer.text
    with installation.process.database.reader() as session:
        row = session.exec(select(AuditRow)).one()
    assert (row.actor, row.action, row.subject, row.details) == ("li", "access_refused", "/intake/", {"method": "GET"})


def test_an_auditor_may_read_everything_and_change_nothing(small_installation: Installation) -> None:
    small_installation.fill()
    auditor = client(small_installation, "auditor")
    assert auditor.get("/intake/parcels/2").status_code == 200
    answer = auditor.post("/intake/parcels/2/pass", headers={"X-CSRF-Token": csrf_token(SID)})
    assert answer.status_code == 403


def test_a_session_that_is_newer_than_the_last_access_change_is_valid(installation: Installation) -> None:
    change_access(installation, valid_from=real_now() - timedelta(seconds=1))
    assert client(installation, "intake").get("/intake/api/whoami").json()["roles"] == ["intake"]


def test_a_token_signed_before_an_access_change_is_void(installation: Installation) -> None:
    token = installation.cookies("intake")
    change_access(installation, "intake", valid_from=real_now())
    answer = TestClient(installation.app, cookies=token).get("/intake/api/whoami")
    assert (answer.status_code, answer.json()["code"]) == (401, "session-revoked")
    assert client(installation, "intake").get("/intake/api/whoami").status_code == 200


def test_tokens_of_a_closed_account_are_void(installation: Installation) -> None:
    token = installation.cookies("intake")
    change_access(installation, valid_from=real_now())
    assert TestClient(installation.app, cookies=token).get("/intake/api/whoami").status_code == 401


def test_a_change_without_the_csrf_token_of_the_session_is_refused(installation: Installation) -> None:
    installation.fill()
    signed_in = client(installation, "intake")
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": csrf_token("other")}):
        answer = signed_in.post("/intake/parcels/2/pass", headers={"accept": "application/json", **headers})
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    answer = signed_in.post("/intake/parcels/2/pass", data={"csrf_token": csrf_token("other")})
    assert answer.status_code == 403
    with installation.process.database.reader() as session:
        assert session.get_one(Parcel, 2).state == "waiting"


@pytest.mark.parametrize("carrier", ["header", "form", "multipart"])
def test_the_csrf_token_is_accepted_in_a_header_or_a_form(small_installation: Installation, carrier: str) -> None:
    small_installation.fill()
    token = {"csrf_token": csrf_token(SID), "note": "齐全"}
    ways: dict[str, dict[str, Any]] = {
        "header": {"headers": {"X-CSRF-Token": csrf_token(SID)}},
        "form": {"data": token},
        "multipart": {"data": token, "files": {"file": ("a.txt", b"x")}},
    }
    answer = client(small_installation, "intake").post("/intake/parcels/2/pass", **ways[carrier])
    assert (answer.status_code, answer.headers["location"]) == (303, "/intake/parcels/2")


def test_a_cross_site_request_is_refused_even_without_a_session(
    small_installation: Installation,
) -> None:
    for site in ("cross-site", "same-site"):
        answer = client(small_installation).post("/intake/parcels/2/pass", headers={"Sec-Fetch-Site": site})
        assert answer.status_code == 403


def test_every_page_contains_the_csrf_token_for_scripts(small_installation: Installation) -> None:
    signed_in = client(small_installation, "intake")
    tokens = {re.findall(r'csrf-token" content="(.*?)"', signed_in.get("/intake/").text)[0] for _ in range(3)}
    # Compression must not show the token: each page has another form of it.
    assert len(tokens) == 3
    assert {unmasked(token) for token in tokens} == {csrf_token(SID)}
    for token in tokens:
        assert signed_in.post("/intake/parcels/2/pass", headers={"X-CSRF-Token": token}).status_code != 403


@pytest.mark.parametrize("submitted", ["", "x" * 128, "00" * 64, "0" * 64, "aa" * 63 + "  "])
def test_a_text_that_masks_nothing_is_no_token(small_installation: Installation, submitted: str) -> None:
    signed_in = client(small_installation, "intake")
    assert signed_in.post("/intake/parcels/2/pass", headers={"X-CSRF-Token": submitted}).status_code == 403


def test_a_user_may_do_what_one_of_the_roles_allows() -> None:
    actor = CurrentUser("li", "李青", frozenset({"judge", "reviewer"}))
    assert actor.may("judge", "committee")
    assert not actor.may("finance")


def test_a_form_without_a_session_gets_a_refusal_page(small_installation: Installation) -> None:
    answer = client(small_installation).post("/intake/parcels/2/pass", data={"note": "x"})
    assert (answer.status_code, "请重新登录" in answer.text) == (401, True)
