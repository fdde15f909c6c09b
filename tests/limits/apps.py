"""The web apps of the five services on SQLite, for the tests that walk all routes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from services.standalone import SPECS
from shared.persistence.schema import upgrade
from shared.wiring.process import open_process
from shared.wiring.settings import embedded


def make_apps(folder: Path) -> list[FastAPI]:
    """Return the app of each service, with an empty database below `folder`."""
    apps = []
    for spec in SPECS:
        values = embedded(folder, spec.settings.SERVICE, public_url="http://127.0.0.1", clock="system")
        upgrade(values["database_url"], spec.settings.SERVICE)
        apps.append(spec.make_app(open_process(spec.settings(**values))))
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
