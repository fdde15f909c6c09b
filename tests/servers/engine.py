"""Start a Docker engine if none answers: as root on Debian, install its packages and start it.

Called by `python -m tests.servers engine`, for the tests in containers. The engine keeps running after the tests.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.servers import containers, packages

LOG = Path("/var/log/lingjun-dockerd.log")
START_SECONDS = 60


def start() -> int:
    """Start the engine if needed; return the exit code: 0 if an engine answers."""
    if containers.engine_answers():
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.stderr.write("No Docker engine answers: start yours, or run this as root on Debian.\n")
        return 1
    if not shutil.which("dockerd") or not shutil.which("debootstrap"):
        sys.stderr.write("Installing a Docker engine: docker.io, debootstrap\n")
        failed = packages.install_packages("docker.io", "debootstrap", "iptables")
        if failed or (not shutil.which("docker") and packages.install_packages("docker-cli")):
            return 1
    with LOG.open("ab") as log:
        engine = subprocess.Popen(
            ["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    deadline = time.monotonic() + START_SECONDS
    while engine.poll() is None and time.monotonic() < deadline:
        containers.engine_answers.cache_clear()
        if containers.engine_answers():
            return 0
        time.sleep(0.5)
    sys.stderr.write(f"The Docker engine did not come up; the last lines of {LOG}:\n")
    sys.stderr.write("".join(LOG.read_text(errors="replace").splitlines(keepends=True)[-10:]))
    return 1
