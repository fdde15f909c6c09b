"""What the tests need on the machine, where it is found, and how Debian and Ubuntu get it.

Called by `python -m tests.servers install` and by the fixtures, to say what is missing.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import containers

POLICY = Path("/usr/sbin/policy-rc.d")
APT = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")


def rabbitmq_server() -> Path | None:
    """The server's own script; Debian's wrapper around it in /usr/sbin would change user by itself."""
    plain = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return plain if plain.exists() else _which("rabbitmq-server")


def redis_server() -> Path | None:
    """The Redis server."""
    return _which("redis-server")


def postgres_server() -> Path | None:
    """The newest PostgreSQL server that has its initdb beside it; Debian keeps them off the PATH."""
    versioned = Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres")
    newest = sorted(versioned, key=lambda path: int(path.parts[-3]), reverse=True)
    on_path = _which("postgres")
    candidates = [*newest, *([on_path.resolve()] if on_path else [])]
    return next((path for path in candidates if path.with_name("initdb").exists()), None)


def chromium() -> Path | None:
    """A Chromium or Chrome that Playwright can drive: the system's, or Playwright's own."""
    system = (_which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    own = (Path.home() / ".cache/ms-playwright").glob("chromium-*/chrome-linux*/chrome")
    return next((path for path in (*system, *own) if path), None)


def chinese_font() -> Path | None:
    """A font with Chinese characters, without which a screenshot shows boxes."""
    names = ("*CJK*", "wqy-*", "*SourceHan*", "PingFang*")
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    return next((path for folder in folders for name in names for path in folder.rglob(name)), None)


PACKAGES = {
    "rabbitmq-server": rabbitmq_server,
    "postgresql": postgres_server,
    "redis-server": redis_server,
    "chromium": chromium,
    "fonts-noto-cjk": chinese_font,
}


def missing_packages() -> list[str]:
    """Debian's names of what is not there."""
    return [name for name, find in PACKAGES.items() if find() is None]


def install() -> int:
    """Installs what is missing; quick and silent when all is there. Returns the exit code.

    Where it cannot install (not root, not Debian) it names what is missing and lets the tests name what did not run.
    """
    if containers.engine_answers() and not containers.images_ready():
        containers.pull_images()
    missing = missing_packages()
    if not missing:
        return 0
    command = f"apt-get install --no-install-recommends {' '.join(missing)}"
    if os.geteuid() != 0 or not _which("apt-get"):
        sys.stderr.write(f"Missing for some tests: {', '.join(missing)}. On Debian, as root: {command}\n")
        return 0
    sys.stderr.write(f"Installing for the tests: {', '.join(missing)}\n")
    return install_packages(*missing)


def install_packages(*names: str) -> int:
    """Installs Debian's packages, as root; returns the exit code."""
    with services_stay_stopped():
        return _apt("update") or _apt("install", "-y", "--no-install-recommends", *names)


@contextmanager
def services_stay_stopped() -> Iterator[None]:
    """Keeps the packages' own daemons from starting; a policy that the machine already has is left as it is."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def _apt(*arguments: str) -> int:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    outcome = subprocess.run([*APT, *arguments], env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode:
        sys.stderr.write(outcome.stdout + outcome.stderr)
    return outcome.returncode


def _which(name: str) -> Path | None:
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None
