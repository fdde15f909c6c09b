"""Runs `lingjun` in a process of its own, as an operator does."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from shared.wiring.settings import embedded

ROOT = Path(__file__).parents[2]


def lingjun(*arguments: str, settings: Mapping[str, str] | None = None, folder: Path = ROOT) -> tuple[int, str, str]:
    """Run a command in `folder` with only these settings; return its exit code, output and errors."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINGJUN_")}
    done = subprocess.run(
        [sys.executable, "-m", "services", *arguments],
        env=kept | dict(settings or {}),
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def settings_of(service: str, folder: Path, **changes: str) -> dict[str, str]:
    """Return valid settings of a service as environment variables, with its data in `folder`."""
    values = embedded(folder, service, public_url="http://127.0.0.1:8000", clock="system") | changes
    return {f"LINGJUN_{name.upper()}": str(value) for name, value in values.items()}
