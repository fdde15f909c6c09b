"""The OpenAPI document of a service: FastAPI's, with the problems that an operation may answer (RFC 9457). Used by web.py."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from shared.http.problems import MOST_FAULTS

_SCHEMA = "#/components/schemas/{model}"
_ALWAYS = (401, 403, 422, 429, 500, 503)
_WITH_BODY = (400, 408, 413)
_ON_A_RESOURCE = (404, 409)
_METHODS = ("get", "post", "put", "patch", "delete")


class Fault(BaseModel):
    """One fault of a request: the JSON pointer of a field (RFC 6901), a stable code, and what to do, in the sender's
    language."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """A refusal. `type` leads to the problem's place on a page of this installation, `code` is stable, `detail` is the reason and the remedy in the sender's language, and `correlation_id` finds the
    request in the logs. Of more than 50 faults, `more_faults` counts the rest."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str
    correlation_id: str
    faults: list[Fault] | None = None
    more_faults: int | None = None


def document(app: FastAPI) -> dict[str, Any]:
    """Return the app's document. It is built once."""
    if app.openapi_schema is None:
        built = get_openapi(title=app.title, version=app.version, routes=app.routes)
        for path, operations in built["paths"].items():
            for method in set(operations) & set(_METHODS):
                _add_problems(operations[method], path, method)
        schemas = built.setdefault("components", {}).setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        definition = Problem.model_json_schema(ref_template=_SCHEMA)
        schemas |= definition.pop("$defs") | {"Problem": definition}
        schemas["Problem"]["properties"]["faults"]["anyOf"][0]["maxItems"] = MOST_FAULTS
        app.openapi_schema = built
    return app.openapi_schema


def _add_problems(operation: dict[str, Any], path: str, method: str) -> None:
    statuses = [*_ALWAYS]
    if method != "get":
        statuses += _WITH_BODY
    if "{" in path or method != "get" or operation.get("parameters"):
        statuses += _ON_A_RESOURCE
    content = {"application/problem+json": {"schema": {"$ref": _SCHEMA.format(model="Problem")}}}
    for status in sorted(statuses):
        operation["responses"][str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
