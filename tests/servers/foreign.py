"""Tools of others for tests/foreign: npm packages, and a generator of Python clients with an environment of its own.

Called by `python -m tests.servers install`, and by the fixtures of tests/foreign.
"""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tests/foreign"
_NPM_LOCK = FOLDER / "package-lock.json"
_CLIENT_LOCK = ROOT / "requirements/openapi_client.txt"
_PYTHON = FOLDER / ".venv/bin/python"
HINT = "the tools of tests/foreign are not installed: install Node.js 20 or newer with npm, then python -m tests.servers install"


def npm_packages() -> Path | None:
    """Return the folder of the npm packages; None if they are not those of the lock."""
    written_by_npm = FOLDER / "node_modules/.package-lock.json"
    return written_by_npm.parent if _is_newer(written_by_npm, _NPM_LOCK) else None


def client_python() -> Path | None:
    """Return the Python of the generator and of the clients that it generates; None if it is not that of the lock."""
    return _PYTHON if _is_newer(_PYTHON.with_name("openapi-python-client"), _CLIENT_LOCK) else None


def _is_newer(installed: Path, lock: Path) -> bool:
    return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime


def install() -> int:
    """Install what is missing; quick and silent if nothing is. Return the exit code: 0 without npm, as tests that need it are
    reported as skipped."""
    if npm_packages() is None:
        npm = shutil.which("npm")
        if npm is None:
            sys.stderr.write(f"Missing for some tests: {HINT}\n")
        elif failed := _run([npm, "ci", "--ignore-scripts"]):
            return failed
    if client_python() is None:
        uv, options = str(Path(sys.executable).with_name("uv")), ["--quiet", "--python", str(_PYTHON)]
        return _run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(_PYTHON.parents[1])]) or _run(
            [uv, "pip", "install", *options, "--require-hashes", "-r", str(_CLIENT_LOCK)]
        )
    return 0


def _run(command: list[str]) -> int:
    outcome = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    if outcome.returncode:
        sys.stderr.write(outcome.stdout + outcome.stderr)
    return outcome.returncode
