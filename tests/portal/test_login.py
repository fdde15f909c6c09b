"""Login over HTTP: cookies, renewal, lock-out, roles, and the JSON endpoints for administrators."""

import re
import stat
from pathlib import Path

import pytest
from sqlmodel import select

from services.portal.actions import attempts
from services.portal.actions.signing import signing_key
from shared.persistence.models import AuditRow
from tests.portal.conftest import NOW, PASSWORD, Portal, make_portal, token_on

GOOD = {"account": "qian", "password": PASSWORD}
BAD = {"account": "qian", "password": "Wrong-Password-1"}


def test_signing_in_sets_http_only_cookies_and_redirects(portal: Portal) -> None:
    portal.account("qian", "judge")
    response = portal.client().post("/sign-in", data={**GOOD, "next": "/review/cases/1"})
    assert (response.status_code, response.headers["location"]) == (303, "/review/cases/1")
    cookies = sorted(response.headers.get_list("set-cookie"))
    assert [re.sub("=[^;]+", "", cookie, count=1) for cookie in cookies] == [
        "lingjun_renewal; HttpOnly; Path=/session; SameSite=lax",
        "lingjun_session; HttpOnly; Path=/; SameSite=lax",
    ]


def test_cookies_are_secure_on_an_https_installation(portal: Portal) -> None:
    portal.account("qian", "judge")
    portal.process.settings.public_url = "https://lingjun.example"
    response = portal.client().post("/sign-in", data=GOOD)
    assert all("Secure" in cookie for cookie in response.headers.get_list("set-cookie"))


def test_signing_in_never_redirects_to_another_host(portal: Portal) -> None:
    portal.account("qian", "judge")
    response = portal.client().post("/sign-in", data={**GOOD, "next": "//evil.example/"})
    assert response.headers["location"] == "/"


def test_the_account_name_ignores_case_and_surrounding_blanks(portal: Portal) -> None:
    portal.account("qian", "judge")
    assert portal.client().post("/sign-in", data={**GOOD, "account": " Qian "}).status_code == 303


def test_a_signed_in_user_skips_the_login_page(portal: Portal) -> None:
    response = portal.signed_in("qian", "judge").get("/sign-in?next=/applicants/x")
    assert response.headers["location"] == "/applicants/x"


def test_five_wrong_passwords_lock_the_account(portal: Portal) -> None:
    portal.account("qian", "judge")
    portal.account("sun", "judge")
    client = portal.client()
    codes = [client.post("/sign-in", data=BAD, headers={"accept": "application/json"}).json()["code"] for _ in range(6)]
    assert codes == ["wrong-password"] * 5 + ["locked-out"]
    response = client.post("/sign-in", data=GOOD)
    assert response.status_code == 403
    assert "请在 15 分钟后再试" in response.text
    assert client.post("/sign-in", data={**GOOD, "account": "sun"}).status_code == 303
    with portal.process.database.reader() as session:
        refused = session.exec(select(AuditRow).where(AuditRow.action == "sign_in_refused")).all()
    assert [row.details["code"] for row in refused] == ["wrong-password"] * 5 + ["locked-out"] * 2
    assert {(row.actor, row.subject, row.details["address"]) for row in refused} == {
        ("anonymous", "qian", "testclient")
    }


def test_a_successful_login_resets_the_accounts_failures(portal: Portal) -> None:
    portal.account("qian", "judge")
    client = portal.client()
    for _ in range(2):
        for _ in range(4):
            assert client.post("/sign-in", data=BAD).status_code == 403
        assert portal.client().post("/sign-in", data=GOOD).status_code == 303


def test_an_address_that_tries_many_accounts_is_locked(portal: Portal) -> None:
    portal.account("qian", "judge")
    client = portal.client()
    for number in range(attempts.MOST_PER_ADDRESS):
        client.post("/sign-in", data={**BAD, "account": f"guess{number}"})
    assert client.post("/sign-in", data=GOOD).status_code == 403


def test_behind_a_gateway_the_last_forwarded_address_counts(portal: Portal) -> None:
    portal.process.settings.behind_gateway = True
    portal.client().post("/sign-in", data=BAD, headers={"x-forwarded-for": "10.0.0.1, 192.0.2.7"})
    with portal.process.database.reader() as session:
        assert session.exec(select(AuditRow)).one().details["address"] == "192.0.2.7"


def test_a_forwarded_address_is_ignored_without_a_gateway(portal: Portal) -> None:
    portal.client().post("/sign-in", data=BAD, headers={"x-forwarded-for": "192.0.2.7"})
    with portal.process.database.reader() as session:
        assert session.exec(select(AuditRow)).one().details["address"] == "testclient"


def test_a_session_is_renewed_for_browsers_and_for_scripts(portal: Portal) -> None:
    client = portal.signed_in("qian", "judge")
    before = client.cookies["lingjun_session"]
    response = client.get("/session/renew?next=/password")
    assert (response.status_code, response.headers["location"]) == (303, "/password")
    assert client.cookies["lingjun_session"] != before
    assert client.get("/session/renew", headers={"accept": "application/json"}).status_code == 204


def test_without_a_session_renewal_redirects_to_the_login_page(portal: Portal) -> None:
    response = portal.client().get("/session/renew?next=/password")
    assert response.headers["location"] == "/sign-in?next=/password"
    assert portal.client().get("/session/renew", headers={"accept": "application/json"}).status_code == 401


def test_signing_out_ends_the_session(portal: Portal) -> None:
    client = portal.signed_in("qian", "judge")
    renewal = client.cookies["lingjun_renewal"]
    response = client.post("/session/end")
    assert response.headers["location"] == "/sign-in"
    assert "lingjun_session" not in client.cookies
    replayed = portal.client()
    replayed.cookies.set("lingjun_renewal", renewal)
    assert replayed.get("/session/renew?next=/").headers["location"] == "/sign-in?next=/"


def test_a_changed_password_ends_the_sessions_of_other_browsers(portal: Portal) -> None:
    client = portal.signed_in("qian", "judge")
    other = portal.client()
    other.post("/sign-in", data=GOOD)
    new = {"old": PASSWORD, "new": "Rain-On-Stone-7", "again": "Rain-On-Stone-7"}
    assert client.post("/password", data=new).status_code == 303
    assert client.get("/").status_code == 200
    assert other.get("/").headers["location"] == "/session/renew?next=/"
    assert other.get("/session/renew?next=/").headers["location"] == "/sign-in?next=/"


def test_changed_roles_take_effect_on_the_next_request(portal: Portal) -> None:
    administrator = portal.signed_in("zhao", "administrator")
    judge = portal.signed_in("qian", "judge")
    assert judge.get("/accounts/new").status_code == 403
    assert administrator.post("/accounts/qian/roles", data={"roles": ["administrator"]}).status_code == 303
    assert judge.get("/accounts/new").headers["location"] == "/session/renew?next=/accounts/new"
    judge.get("/session/renew?next=/accounts/new")
    assert judge.get("/accounts/new").status_code == 200


@pytest.mark.parametrize(
    "path", ["/accounts/new", "/accounts/qian", "/dead-letters/x", "/tables/accounts/list", "/tables/dead-letters/list"]
)
def test_administrator_pages_are_forbidden_for_others(portal: Portal, path: str) -> None:
    assert portal.signed_in("qian", "finance").get(path).status_code == 403


@pytest.mark.parametrize(
    "path", ["/accounts/new", "/accounts/qian/close", "/accounts/qian/link", "/accounts/qian/roles"]
)
def test_an_auditor_changes_no_account(portal: Portal, path: str) -> None:
    assert portal.signed_in("qian", "auditor").post(path).status_code == 403


def test_an_account_created_over_the_api_can_sign_in(portal: Portal) -> None:
    administrator = portal.signed_in("zhao", "administrator")
    new = {"account": "sun", "name": "孙评委", "roles": ["judge"]}
    created = administrator.post("/api/accounts", json=new)
    assert created.status_code == 201
    assert administrator.post("/api/accounts", json=new).json()["code"] == "account-exists"
    assert administrator.post("/api/accounts", json={**new, "rank": 1}).status_code == 422
    owner = portal.client()
    response = owner.post(created.json()["link"], data={"password": PASSWORD, "again": PASSWORD})
    assert (response.status_code, response.headers["location"]) == (303, "/sign-in")
    assert owner.post("/sign-in", data={**GOOD, "account": "sun"}).status_code == 303
    assert "孙评委" in owner.get("/").text


def test_creating_an_account_requires_the_csrf_token(portal: Portal) -> None:
    administrator = portal.signed_in("zhao", "administrator")
    del administrator.headers["X-CSRF-Token"]
    response = administrator.post("/api/accounts", json={"account": "sun", "name": "孙评委", "roles": ["judge"]})
    assert (response.status_code, response.json()["code"]) == (403, "csrf")


def test_an_administrator_moves_the_demos_clock_and_pages_show_it(tmp_path: Path) -> None:
    clock_file = tmp_path / "clock"
    clock_file.write_text(NOW.isoformat())
    portal = make_portal(tmp_path, clock=f"travelling:{clock_file}")
    administrator = portal.signed_in("zhao", "administrator")
    assert "演示时间 2021年11月23日 周二 09:00" in administrator.get("/").text
    response = administrator.post("/api/demo/clock", json={"moment": "2021-12-06T09:00:00+08:00"})
    assert response.json() == {"now": "2021-12-06T01:00:00Z"}
    assert "演示时间 2021年12月6日 周一 09:00" in administrator.get("/").text
    earlier = administrator.post("/api/demo/clock", json={"moment": "2021-12-01T09:00:00+08:00"})
    assert (earlier.status_code, earlier.json()["code"]) == (409, "clock-backwards")
    assert administrator.post("/api/demo/clock", json={"moment": "2021-12-07T09:00:00"}).status_code == 422
    judge = portal.signed_in("qian", "judge")
    assert judge.post("/api/demo/clock", json={"moment": "2021-12-07T09:00:00+08:00"}).status_code == 403


def test_the_clock_of_a_real_installation_cannot_be_moved(portal: Portal) -> None:
    administrator = portal.signed_in("zhao", "administrator")
    response = administrator.post("/api/demo/clock", json={"moment": "2999-12-06T09:00:00+08:00"})
    assert (response.status_code, response.json()["code"]) == (404, "no-demo")
    # The last year of datetime would overflow in the time zone of China.
    response = administrator.post("/api/demo/clock", json={"moment": "9999-12-31T23:59:59Z"})
    assert (response.status_code, response.json()["faults"][0]["code"]) == (422, "less_than")
    assert "演示时间" not in administrator.get("/").text


def test_the_private_key_is_protected_and_stable(tmp_path: Path) -> None:
    private_file, public_file = tmp_path / "own" / "private.pem", tmp_path / "all" / "public.pem"
    first = signing_key(private_file, public_file)
    assert signing_key(private_file, public_file).thumbprint() == first.thumbprint()
    assert stat.S_IMODE(private_file.stat().st_mode) == 0o600
    assert "PRIVATE" not in public_file.read_text()
    assert [path.name for path in private_file.parent.iterdir()] == ["private.pem"]


def test_the_login_page_has_no_csrf_token_without_a_session(portal: Portal) -> None:
    assert '<meta name="csrf-token" content="">' in portal.client().get("/sign-in").text
    assert token_on(portal.signed_in("qian", "judge").get("/").text)


def test_an_unknown_link_is_refused_with_an_explanation(portal: Portal) -> None:
    response = portal.client().get("/welcome/never-was")
    assert response.status_code == 404
    assert "链接已使用或已过期" in response.text
