"""A sender may call so often: per session or API key, and without either per address."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from redis import Redis
from sqlmodel import select
from starlette.types import ASGIApp

from services.intake import actions
from services.intake.settings import IntakeSettings
from services.intake.web import make_app
from services.portal.settings import PortalSettings
from services.portal.web import make_app as make_portal
from shared.foundation.addresses import network_of
from shared.foundation.errors import Invalid
from shared.http import rates
from shared.http.auth import COOKIE
from shared.persistence.models import AuditRow
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.settings import embedded
from tests.servers.processes import free_port
from tests.shared.sample_service import Installation, make_sample_app

FILED = "/intake/api/applications"


@pytest.fixture
def intake_apps(tmp_path: Path) -> Callable[..., list[ASGIApp]]:
    """Makes two processes of intake with these settings, and one API key of theirs: `folder / key`."""

    def make(**settings: Any) -> list[ASGIApp]:
        values = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system") | settings
        upgrade(values["database_url"], "intake")
        processes = [open_process(IntakeSettings(**values)) for _ in range(2)]
        with processes[0].database.transaction() as uow:
            key = actions.issue_client_key(uow, "平台", actor="test", now=processes[0].clock.now())
        (tmp_path / "key").write_text(key)
        return [make_app(process) for process in processes]

    return make


def post(app: ASGIApp, key: str, *, address: str = "") -> Any:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "rates-0001", "X-Forwarded-For": address}
    return TestClient(app).post(FILED, json={}, headers=headers)


def statuses(app: ASGIApp, count: int, *keys: str, **more: Any) -> list[int]:
    return [post(app, keys[number % len(keys)], **more).status_code for number in range(count)]


def test_a_key_beyond_its_limit_gets_429_and_when_to_come_back(intake_apps: Any, tmp_path: Path) -> None:
    app = intake_apps(rate_per_key="20/minute")[0]
    key = (tmp_path / "key").read_text()
    assert statuses(app, 20, key) == [422] * 20
    answer = post(app, key)
    wait = int(answer.headers["retry-after"])
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert (answer.json()["code"], f"{wait} 秒" in answer.json()["detail"]) == ("too-many-requests", True)
    assert 1 <= wait <= 60
    assert answer.headers["ratelimit"] == f'"key";r=0;t={wait}'
    assert answer.headers["ratelimit-policy"] == '"key";q=20;w=60'


def test_invented_keys_share_the_limit_of_their_address(intake_apps: Any, tmp_path: Path) -> None:
    app = intake_apps(rate_per_form="20/minute")[0]
    invented = [f"invented-{number}" for number in range(30)]
    assert statuses(app, 30, *invented) == [401] * 20 + [429] * 10
    assert post(app, (tmp_path / "key").read_text()).status_code == 422


def test_forms_without_a_key_have_a_limit_per_route_and_address(intake_apps: Any) -> None:
    app = intake_apps(rate_per_form="20/minute", rate_per_address="30/minute", behind_gateway=True)[0]
    client = TestClient(app)

    def answers(method: str, path: str, address: str, count: int) -> set[int]:
        head = {"X-Forwarded-For": f"198.51.100.9, {address}"}
        return {client.request(method, path, headers=head).status_code for _ in range(count)}

    assert answers("POST", "/intake/consent/one", "192.0.2.1", 20) == {404}
    assert answers("POST", "/intake/consent/two", "192.0.2.1", 1) == {429}
    assert answers("POST", "/intake/consent/two", "192.0.2.2", 1) == {404}
    assert answers("POST", "/intake/past-participants", "192.0.2.1", 1) == {401}
    assert answers("GET", "/intake/consent/one", "192.0.2.1", 30) == {404}
    assert answers("GET", "/intake/consent/one", "192.0.2.1", 1) == {429}


def test_without_a_gateway_the_forwarded_address_is_not_believed(intake_apps: Any) -> None:
    app = intake_apps(rate_per_form="20/minute")[0]
    assert [post(app, "x", address=f"192.0.2.{number}").status_code for number in range(21)][-1] == 429


def test_sessions_of_one_address_have_a_limit_each(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.process.settings.rate_per_key = "20/minute"
    app = make_sample_app(installation.process)
    first, second = (TestClient(app, cookies=installation.cookies("intake", sid=letter * 32)) for letter in "ab")
    assert [first.get("/intake/api/whoami").status_code for _ in range(21)] == [200] * 20 + [429]
    assert second.get("/intake/api/whoami").status_code == 200


def test_two_processes_share_the_windows_in_redis(intake_apps: Any, redis_url: str, tmp_path: Path) -> None:
    one, two = intake_apps(redis_url=redis_url, rate_per_key="20/minute")
    key = (tmp_path / "key").read_text()
    assert statuses(one, 12, key) + statuses(two, 8, key) == [422] * 20
    assert (statuses(one, 1, key), statuses(two, 1, key)) == ([429], [429])
    with Redis.from_url(redis_url) as redis:
        assert all(0 < redis.ttl(name) <= 120 for name in redis.keys("rates:*"))


def test_a_busy_sender_costs_redis_a_command_per_hundredth_of_its_limit(
    intake_apps: Any, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_SECONDS_BETWEEN_SUMS", 3600)
    app = intake_apps(redis_url=redis_url, rate_per_key="2000/minute")[0]
    with Redis.from_url(redis_url) as redis:
        before = redis.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"]
        assert statuses(app, 200, (tmp_path / "key").read_text()) == [422] * 200
        assert redis.info("commandstats")["cmdstat_evalsha"]["calls"] - before <= 200 / 20 + 2


def test_a_refused_sender_goes_on_once_its_time_is_over(
    intake_apps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_SECONDS_BETWEEN_SUMS", 0.1)
    app = intake_apps(rate_per_key="10/second")[0]
    key = (tmp_path / "key").read_text()
    found = statuses(app, 400, key)
    assert {422, 429} == set(found)
    assert 422 in found[found.index(429) :]


def test_without_redis_keys_pass_and_sign_in_is_held(intake_apps: Any, tmp_path: Path) -> None:
    away = f"redis://default:a-long-enough-word@127.0.0.1:{free_port()}/0"
    app = intake_apps(redis_url=away, rate_per_key="20/minute")[0]
    assert statuses(app, 30, (tmp_path / "key").read_text()) == [422] * 30
    values = embedded(tmp_path, "portal", public_url="http://127.0.0.1", clock="system") | {"redis_url": away}
    upgrade(values["database_url"], "portal")
    portal = TestClient(make_portal(open_process(PortalSettings(**values))))
    answer = portal.post("/sign-in", data={"account": "li", "password": "a-long-enough-word"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.parametrize("rate", ["", "many", "10/fortnight", "-1/minute", "0/minute"])
def test_a_rate_that_cannot_be_read_stops_the_start(tmp_path: Path, rate: str) -> None:
    values = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    with pytest.raises(Invalid, match="LINGJUN_RATE_PER_KEY"):
        IntakeSettings(**values, rate_per_key=rate)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_client_is_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_addresses_of_one_ipv6_network_share_a_limit(intake_apps: Any) -> None:
    app = intake_apps(rate_per_form="20/minute", behind_gateway=True)[0]
    found = [post(app, "x", address=f"2001:db8:1:2::{number:x}").status_code for number in range(21)]
    assert found == [401] * 20 + [429]


def test_the_last_of_several_forwarded_headers_counts(intake_apps: Any) -> None:
    app = intake_apps(rate_per_form="20/minute", behind_gateway=True)[0]
    found = [
        TestClient(app).post(
            FILED, json={}, headers=[("X-Forwarded-For", f"192.0.2.{number}"), ("X-Forwarded-For", "203.0.113.1")]
        )
        for number in range(21)
    ]
    assert found[-1].status_code == 429


def test_requests_that_other_sites_send_do_not_count(intake_apps: Any) -> None:
    client = TestClient(intake_apps(rate_per_form="20/minute")[0])
    for _ in range(30):
        assert client.post("/intake/consent/one", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/intake/consent/one").status_code == 404


def test_health_is_answered_beyond_every_limit(intake_apps: Any) -> None:
    client = TestClient(intake_apps(rate_per_address="20/minute")[0])
    assert {client.get("/intake/healthz").status_code for _ in range(30)} == {200}
    assert [client.get("/intake/consent/healthz").status_code for _ in range(21)][-1] == 429


def test_an_expired_session_counts_for_its_address(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.process.settings.rate_per_address = "20/minute"
    app = make_sample_app(installation.process)
    clients = [
        TestClient(app, cookies={COOKIE: installation.token("intake", age=5000, sid=f"{number}".ljust(32, "s"))})
        for number in range(21)
    ]
    assert [client.get("/intake/api/whoami").status_code for client in clients] == [401] * 20 + [429]


def test_beyond_the_limit_a_refused_role_is_not_looked_up_or_audited(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.process.settings.rate_per_key = "20/minute"
    client = TestClient(make_sample_app(installation.process), cookies=installation.cookies("finance"))
    found = [client.get("/intake/parcels/1").status_code for _ in range(40)]
    assert found == [403] * 20 + [429] * 20
    with installation.process.database.reader() as session:
        assert len(session.exec(select(AuditRow).where(AuditRow.action == "access_refused")).all()) <= 21


def test_many_senders_do_not_reset_a_busy_one(
    intake_apps: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "_MOST_SENDERS", 5)
    app = intake_apps(rate_per_key="20/minute", behind_gateway=True)[0]
    key = (tmp_path / "key").read_text()
    found = []
    for number in range(25):
        found.append(post(app, key).status_code)
        post(app, "x", address=f"192.0.2.{number}")
    assert found == [422] * 20 + [429] * 5
