"""Loads modules by their names when a command runs: an image holds only one service's folder, and start-up is short.

Each service has the same modules (docs/architecture.md), so that its name is enough to find its parts.
"""

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from shared.foundation.errors import NotFound

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.jobs.job import JobFunctions
    from shared.jobs.timer import RunDue
    from shared.runtime.bus import Bus
    from shared.wiring.process import Process
    from shared.wiring.settings import Settings

_HERE = Path(__file__).parent
_NAME = re.compile(r"[a-z]+")


def load(module: str) -> ModuleType:
    """Import a module. Raises NotFound if it is not installed here, such as tests/ in an image."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise NotFound(
            "这里没有安装 {module}：请在完整的源代码目录中运行这条命令。",
            code="not-installed",
            values={"module": module},
        ) from error


def check_service(name: str) -> None:
    """Raise NotFound if this installation has no service of that name."""
    if not _NAME.fullmatch(name) or not (_HERE / name / "settings.py").exists():
        present = sorted(path.parent.name for path in _HERE.glob("*/settings.py"))
        raise NotFound(
            "这里没有名为“{name}”的服务，请改为 {present} 之一。",
            code="unknown-service",
            values={"name": name, "present": "、".join(present)},
        )


def settings_class(service: str) -> "type[Settings]":
    """Return the class of a service's settings. Raises NotFound."""
    kind: type[Settings] = getattr(_part(service, "settings"), f"{service.capitalize()}Settings")
    return kind


def read_settings(service: str) -> "Settings":
    """Return a service's settings from the environment. Raises NotFound for its name, Invalid for its settings."""
    settings: Settings = load("shared.wiring.settings").read(settings_class(service))
    return settings


def app_maker(service: str) -> "Callable[[Process], FastAPI]":
    """Return the function that builds a service's web app."""
    make_app: Callable[[Process], FastAPI] = _part(service, "web").make_app
    return make_app


def bus_maker(service: str) -> "Callable[[Process], Bus]":
    """Return the function that builds a service's bus."""
    make_bus: Callable[[Process], Bus] = _part(service, "bus").make_bus
    return make_bus


def job_functions(service: str) -> "tuple[Callable[[Any], JobFunctions], RunDue]":
    """Return the function that makes a service's jobs from its settings, and its timed actions."""
    worker = _part(service, "worker")
    return worker.make_jobs, worker.run_due


def _part(service: str, part: str) -> ModuleType:
    check_service(service)
    return load(f"services.{service}.{part}")
