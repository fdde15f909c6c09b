"""The web apps of every service on SQLite, for the tests that walk all routes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from services.loading import app_maker, settings_class
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.registry import SERVICES
from shared.wiring.settings import embedded


def make_apps(folder: Path, **more: Any) -> list[FastAPI]:
    """Return the app of each service, with an empty database below `folder` and the settings in `more`."""
    apps = []
    for service in SERVICES:
        values = embedded(folder, service, public_url="http://127.0.0.1", clock="system") | more
        upgrade(values["database_url"], service)
        apps.append(app_maker(service)(open_process(settings_class(service)(**values))))
    return apps


def routes_of(app: FastAPI) -> Iterator[Any]:
    """Yield the context of each of the app's own routes, without the mounted lists."""
    for context in iter_route_contexts(app.routes):
        if isinstance(context.original_route, APIRoute):
            yield context


def dependants(dependant: Dependant) -> Iterator[Dependant]:
    """Yield a dependant and all that it depends on."""
    yield dependant
    for below in dependant.dependencies:
        yield from dependants(below)
