"""Programs that the tests need: how to find them, and how to install them on Debian and Ubuntu.

Called by `python -m tests.servers install`, and by the fixtures to name missing programs.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.servers import containers

POLICY = Path("/usr/sbin/policy-rc.d")
# Debian's packages that watch the servers. Each has a program of its name.
OBSERVATION = (
    "prometheus",
    "prometheus-alertmanager",
    "prometheus-node-exporter",
    "prometheus-postgres-exporter",
    "prometheus-redis-exporter",
)
APT = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")


def rabbitmq_server() -> Path | None:
    """Return the server's own script. Debian's wrapper in /usr/sbin would change the user by itself."""
    plain = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    return plain if plain.exists() else _which("rabbitmq-server")


def redis_server() -> Path | None:
    """Return the Redis server."""
    return _which("redis-server")


def postgres_server() -> Path | None:
    """Return the newest PostgreSQL server that has an initdb beside it. Debian installs them outside the PATH."""
    versioned = Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres")
    newest = sorted(versioned, key=lambda path: int(path.parts[-3]), reverse=True)
    on_path = _which("postgres")
    candidates = [*newest, *([on_path.resolve()] if on_path else [])]
    return next((path for path in candidates if path.with_name("initdb").exists()), None)


def chromium() -> Path | None:
    """Return a Chromium or Chrome that Playwright can drive: the system's, or Playwright's own."""
    system = (_which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    own = (Path.home() / ".cache/ms-playwright").glob("chromium-*/chrome-linux*/chrome")
    return next((path for path in (*system, *own) if path), None)


def chinese_font() -> Path | None:
    """Return a font with Chinese characters; without one, screenshots show boxes."""
    names = ("*CJK*", "wqy-*", "*SourceHan*", "PingFang*")
    folders = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".fonts")
    return next((path for folder in folders for name in names for path in folder.rglob(name)), None)


def program(name: str) -> Path | None:
    """Return a program on the path or beside the servers."""
    return _which(name)


PACKAGES: dict[str, Callable[[], Path | None]] = {
    "rabbitmq-server": rabbitmq_server,
    "postgresql": postgres_server,
    "redis-server": redis_server,
    "chromium": chromium,
    "fonts-noto-cjk": chinese_font,
    "default-jre-headless": partial(program, "java"),
    **{name: partial(program, name) for name in OBSERVATION},
}


def missing_packages() -> list[str]:
    """Return the Debian package names of missing programs."""
    return [name for name, find in PACKAGES.items() if find() is None]


def install() -> int:
    """Install missing packages; quick and silent if none is missing. Return the exit code.

    If it cannot install (not root, not Debian), it names the packages and returns 0; the tests report skipped parts.
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
    """Install Debian packages, as root; return the exit code."""
    with services_stay_stopped():
        return _apt("update") or _apt("install", "-y", "--no-install-recommends", *names)


@contextmanager
def services_stay_stopped() -> Iterator[None]:
    """Keep the daemons of the packages from starting. An existing policy of the machine is not changed."""
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
