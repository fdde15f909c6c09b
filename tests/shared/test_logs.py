"""Logs of a process: no warnings at start-up, no secrets."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from services.loading import app_maker, settings_class
from services.portal.settings import PortalSettings
from services.portal.web import invite
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.registry import SERVICES
from shared.wiring.settings import embedded
from tests.processes import process_for
from tests.servers.processes import free_port


def test_every_service_starts_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for service in SERVICES:
        process = process_for(settings_class(service), f"sqlite:///{tmp_path}/{service}.db", tmp_path)
        app_maker(service)(process)
        process.database.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@contextmanager
def running_portal(folder: Path, log: Path, port: int) -> Iterator[str]:
    """Run the portal as in a container, with the log level of the compose file; yield its address."""
    settings = embedded(folder, "portal", public_url="http://127.0.0.1:8000", clock="system")
    environment = {f"LINGJUN_{name.upper()}": value for name, value in settings.items()}
    environment |= {"LINGJUN_LISTEN": f"127.0.0.1:{port}", "LINGJUN_LOG_LEVEL": "INFO"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "services", "web", "portal"],
            env=os.environ | environment,
            stdout=output,
            stderr=output,
        )
    try:
        httpx.Client(transport=httpx.HTTPTransport(retries=8)).get(f"http://127.0.0.1:{port}/healthz", timeout=30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_the_secret_of_a_valid_one_time_link_is_never_logged(tmp_path: Path) -> None:
    settings = PortalSettings(**embedded(tmp_path, "portal", public_url="http://127.0.0.1:8000", clock="system"))
    upgrade(settings.database_url, "portal")
    link = invite(open_process(settings))
    secret = link.rpartition("/")[2]
    with running_portal(tmp_path, tmp_path / "log", free_port()) as address:
        weak = {"account": "zhao", "name": "赵", "password": "weak", "again": "weak"}
        assert httpx.get(address + link).status_code == 200
        assert httpx.post(address + link, data=weak).status_code == 422
        assert httpx.get(address + link).status_code == 200
    log = (tmp_path / "log").read_text()
    assert '"route": "/welcome/{secret}"' in log
    assert secret not in log
