"""A demo whose house is killed while applications come in goes on with `--resume`, to a summary in which every line holds."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

from tests.journeys.installations import ROOT, free_port

SEED = 3  # test_programme.py plays 1 and 2


def started(data: Path, *more: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-m", "services.demo", "--data", str(data), "--seed", str(SEED), "--exit", *more]
    return subprocess.Popen([*command, "--port", str(free_port())], cwd=ROOT, text=True, stdout=subprocess.PIPE)


def accepted(data: Path) -> int:
    """How many applications the house has taken so far."""
    try:
        with sqlite3.connect(f"file:{data / 'intake.db'}?mode=ro", uri=True) as intake:
            return int(intake.execute("SELECT count(*) FROM application").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_demo_whose_house_is_killed_while_applications_come_in_is_resumed_to_a_green_summary(tmp_path: Path) -> None:
    data = tmp_path / "demo"
    demo = started(data)
    while accepted(data) < 25:
        assert demo.poll() is None
        time.sleep(0.05)
    (installation,) = map(int, Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split())
    os.kill(installation, signal.SIGKILL)
    said, _ = demo.communicate()
    assert (demo.returncode, "接着演示:make demo ARGS=--resume" in said) == (1, True)
    assert accepted(data) < 100
    resumed = started(data, "--resume")
    said, _ = resumed.communicate()
    assert [line for line in said.splitlines() if line.startswith("✗")] == []
    assert (resumed.returncode, "0 failed" in said) == (0, True)
