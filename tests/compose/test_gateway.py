"""What stands between people and the web servers: a crowd at the door, and a connection that was idle for a while.

Needs an engine and the images: `make compose-test` brings both.
"""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.compose.containers import ContainerInstallation

pytestmark = pytest.mark.compose

# Well under the failures that shut an address out.
CROWD = 12
# Longer than uvicorn keeps a connection unless told otherwise.
IDLE_SECONDS = 7


def test_a_crowd_at_the_door_does_not_exhaust_the_portals_memory(installation: ContainerInstallation) -> None:
    """Each try costs 64 MiB while it is looked at, whoever makes it, and all of them at once more than the container has."""
    before = installation.container_of("portal-web")["StartedAt"]

    def knock(number: int) -> int:
        tried = {"account": f"stranger{number:02}", "password": "Not-the-password-1"}
        return httpx.post(f"{installation.address}/sign-in", data=tried, timeout=60).status_code

    with ThreadPoolExecutor(CROWD) as crowd:
        answers = list(crowd.map(knock, range(CROWD)))
    assert {answer // 100 for answer in answers} == {4}
    assert installation.container_of("portal-web")["StartedAt"] == before


def test_a_web_server_keeps_an_idle_connection_for_the_gateway_to_close(installation: ContainerInstallation) -> None:
    connection = http.client.HTTPConnection(installation.ip("portal-web"), 8000, timeout=10)
    ports = []
    for pause in (0, IDLE_SECONDS):
        time.sleep(pause)
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
        assert connection.sock is not None
        ports.append(connection.sock.getsockname()[1])
    assert ports[0] == ports[1]


def test_the_gateways_log_of_a_failure_holds_no_one_time_link(installation: ContainerInstallation) -> None:
    installation.compose("stop", "--timeout", "1", "billing-web")
    headers = {"Referer": f"{installation.address}/billing/secret-in-a-referer"}
    assert httpx.get(f"{installation.address}/billing/secret-in-a-path", headers=headers).status_code == 502
    log = installation.compose("logs", "--no-color", "gateway")
    installation.up()
    assert "billing-web" in log
    assert "secret-in" not in log
