"""Description of the machine: versions, processor, memory. Printed below the table."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

LIBRARIES = (
    "fastapi",
    "uvicorn",
    "uvloop",
    "sqlmodel",
    "sqlalchemy",
    "psycopg",
    "pydantic",
    "aio-pika",
    "aiormq",
    "faststream",
    "faststream-outbox",
    "asyncpg",
    "celery",
)


def description(servers: str) -> list[str]:
    """Return three lines: the machine, the libraries, the servers."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"Machine: {os.cpu_count()} cores, {_first('/proc/cpuinfo', 'model name') or platform.machine()}, "
        f"{_memory_gib():.0f} GiB, {platform.system()} {platform.release()}, Python {platform.python_version()}",
        f"Libraries: {libraries}",
        f"Servers, on the same machine: {servers or 'none'}",
    ]


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def _first(path: str, name: str) -> str:
    try:
        lines = Path(path).read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def proportional_mib(pid: int) -> float:
    """Return the proportional set size (PSS) of a process in MiB. Raises OSError if the kernel does not report it."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise OSError(f"no Pss of {pid}")
