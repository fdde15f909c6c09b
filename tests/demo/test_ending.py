"""The demo prints the first link, and SIGTERM to its process also ends its server."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.journeys.installations import ROOT
from tests.servers.processes import free_port


def test_a_demo_prints_a_working_link_and_ends_its_server_on_sigterm(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-u", "-m", "services", "demo", "--data", str(tmp_path / "demo"), "--port", str(port)]
    demo = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    assert demo.stdout is not None
    try:
        link = next(line for line in demo.stdout if "/welcome/" in line).partition("http")
        assert httpx.get("".join(link[1:]).strip()).status_code == 200
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
        assert demo.wait(90) == 128 + signal.SIGTERM
    finally:
        demo.kill()
        demo.wait()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")
