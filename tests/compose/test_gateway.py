"""The gateway in front of the web servers: many logins at once, an idle connection, and the gateway's log.

Needs an engine and the images: `make compose-test` provides both.
"""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.compose.containers import ContainerInstallation

pytestmark = pytest.mark.compose

# Fewer than the failures that lock an address.
CROWD = 12
# Longer than uvicorn's default keep-alive.
IDLE_SECONDS = 7


def test_many_logins_at_once_do_not_exhaust_the_portals_memory(installation: ContainerInstallation) -> None:
    """Each login attempt takes 64 MiB while its password is hashed; all at once need more than the container has."""
    before = installation.container_of("portal-web")["StartedAt"]

    def log_in(number: int) -> int:
        credentials = {"account": f"stranger{number:02}", "password": "Not-the-password-1"}
        return httpx.post(f"{installation.address}/sign-in", data=credentials, timeout=60).status_code

    with ThreadPoolExecutor(CROWD) as crowd:
        statuses = list(crowd.map(log_in, range(CROWD)))
    assert {status // 100 for status in statuses} == {4}
    assert installation.container_of("portal-web")["StartedAt"] == before


def test_a_web_server_keeps_an_idle_connection_for_the_gateway_to_close(installation: ContainerInstallation) -> None:
    connection = http.client.HTTPConnection(installation.ip("portal-web"), 8000, timeout=10)
    ports = []
    for pause in (0, IDLE_SECONDS):
        time.sleep(pause)
        connection.request("GET", "/healthz")
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        assert connection.sock is not None
        ports.append(connection.sock.getsockname()[1])
    assert ports[0] == ports[1]


def test_the_gateways_error_log_holds_no_one_time_link(installation: ContainerInstallation) -> None:
    installation.compose("stop", "--timeout", "1", "billing-web")
    headers = {"Referer": f"{installation.address}/billing/secret-in-a-referer"}
    assert httpx.get(f"{installation.address}/billing/secret-in-a-path", headers=headers).status_code == 502
    log = installation.compose("logs", "--no-color", "gateway")
    installation.up()
    assert "billing-web" in log
    assert "secret-in" not in log
