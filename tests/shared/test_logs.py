"""What a process writes to its log, and what it never writes."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from services.portal.settings import PortalSettings
from services.portal.web import invite
from services.standalone import SPECS
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.settings import embedded
from tests.processes import process_for
from tests.servers.processes import free_port


def test_every_service_is_made_without_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for room in SPECS:
        service = room.settings.SERVICE
        process = process_for(room.settings, f"sqlite:///{tmp_path}/{service}.db", tmp_path)
        room.make_app(process)
        process.database.close()
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == []


@contextmanager
def served(folder: Path, log: Path, port: int) -> Iterator[str]:
    """The portal as it is served in a container, at the level that the compose file sets; yields its address."""
    given = embedded(folder, "portal", public_url="http://127.0.0.1:8000", clock="system")
    told = {f"LINGJUN_{name.upper()}": value for name, value in given.items()}
    told |= {"LINGJUN_LISTEN": f"127.0.0.1:{port}", "LINGJUN_LOG_LEVEL": "INFO"}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.portal.web"], env=os.environ | told, stdout=written, stderr=written
        )
    try:
        httpx.Client(transport=httpx.HTTPTransport(retries=8)).get(f"http://127.0.0.1:{port}/healthz", timeout=30)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def test_a_one_time_link_that_is_still_good_is_in_no_line_of_the_log(tmp_path: Path) -> None:
    settings = PortalSettings(**embedded(tmp_path, "portal", public_url="http://127.0.0.1:8000", clock="system"))
    upgrade(settings.database_url, "portal")
    link = invite(open_process(settings))
    secret = link.rpartition("/")[2]
    with served(tmp_path, tmp_path / "log", free_port()) as address:
        weak = {"account": "zhao", "name": "赵", "password": "weak", "again": "weak"}
        assert httpx.get(address + link).status_code == 200
        assert httpx.post(address + link, data=weak).status_code == 422
        assert httpx.get(address + link).status_code == 200
    log = (tmp_path / "log").read_text()
    assert '"route": "/welcome/{secret}"' in log
    assert secret not in log
