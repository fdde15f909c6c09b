"""A demo that is told to end by a signal to its own process takes its house with it."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.journeys.houses import ROOT, free_port


def test_a_demo_that_is_terminated_ends_its_house(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-u", "-m", "services.demo", "--data", str(tmp_path / "demo"), "--port", str(port)]
    demo = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
    assert demo.stdout is not None
    try:
        assert any("/welcome/" in line for line in demo.stdout)
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        demo.send_signal(signal.SIGTERM)
        demo.stdout.read()
        assert demo.wait(90) == 128 + signal.SIGTERM
    finally:
        demo.kill()
        demo.wait()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")
