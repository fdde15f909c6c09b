"""The OpenAPI document of a service: FastAPI's, with the problems that an operation may answer (RFC 9457). Used by web.py."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from shared.http.auth import StaffSession
from shared.http.problems import MOST_FAULTS

_COMPONENT = "#/components/{kind}/{name}"
_ALWAYS = (401, 403, 422, 429, 500, 503)
_WITH_BODY = (400, 408, 413)
_ON_A_RESOURCE = (404, 409)
_METHODS = ("get", "post", "put", "patch", "delete")
_ABOUT = (
    "JSON endpoints of one service of Lingjun. A refusal is problem details (RFC 9457), in Chinese, or in English with the "
    "cookie `lingjun_language=en`. Codes are stable, texts are not. Responses may get more fields: ignore unknown ones."
)
_CSRF = {
    "type": "apiKey",
    "in": "header",
    "name": "X-CSRF-Token",
    "description": 'The content of `<meta name="csrf-token">` in any page of the session.',
}
_HEADERS = {
    "Content-Language": "The language of the texts: zh or en.",
    "WWW-Authenticate": "How to authenticate: Bearer with an API key, or Cookie after signing in (RFC 9110, 11.6.1).",
    "Retry-After": "Seconds to wait before the next request (RFC 9110, 10.2.3).",
    "RateLimit": "The limit that is used up, what remains of it, and the seconds until it is renewed.",
    "RateLimit-Policy": "The limit, its number of requests, and its window in seconds.",
}
_SENT_WITH = {
    401: ["WWW-Authenticate"],
    429: ["Retry-After", "RateLimit", "RateLimit-Policy"],
    503: ["Retry-After"],
}


class Fault(BaseModel):
    """One fault of a request: the JSON pointer of a field (RFC 6901), a stable code, and what to do, in the sender's
    language."""

    field: str
    code: str
    message: str


class Problem(BaseModel):
    """A refusal. `type` leads to the problem's place on a page of this installation, `code` is stable, `detail` is the reason
    and the remedy in the sender's language, and `correlation_id` finds the request in the logs. Of more than 50 faults,
    `more_faults` counts the rest."""

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
        address = app.state.process.settings.public_url.rstrip("/")
        built = get_openapi(
            title=app.title,
            version=app.version,
            description=_ABOUT,
            contact={"name": "领军", "url": address},
            license_info={"name": "All rights reserved", "identifier": "LicenseRef-All-Rights-Reserved"},
            servers=[{"url": address}],
            routes=app.routes,
        )
        components = built.setdefault("components", {})
        components |= {"schemas": _schemas(components.get("schemas", {})), "headers": {}, "responses": {}}
        for path, operations in built["paths"].items():
            for method in set(operations) & set(_METHODS):
                _add_problems(operations[method], path, method, components)
                _add_csrf_token(operations[method], method, components)
        app.openapi_schema = built
    return app.openapi_schema


def _schemas(schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas with those of a problem in place of FastAPI's."""
    definition = Problem.model_json_schema(ref_template=_COMPONENT.format(kind="schemas", name="{model}"))
    definition["properties"]["faults"]["anyOf"][0]["maxItems"] = MOST_FAULTS
    own = {name: one for name, one in schemas.items() if name not in ("HTTPValidationError", "ValidationError")}
    faults: dict[str, Any] = definition.pop("$defs")
    return own | faults | {"Problem": definition}


def _add_problems(operation: dict[str, Any], path: str, method: str, components: dict[str, Any]) -> None:
    statuses = [*_ALWAYS]
    if method != "get":
        statuses += _WITH_BODY
    if "{" in path or method != "get" or operation.get("parameters"):
        statuses += _ON_A_RESOURCE
    for status in sorted(statuses):
        name = HTTPStatus(status).phrase.replace(" ", "")
        operation["responses"][str(status)] = _reference("responses", name)
        components["responses"][name] = _problem(status, components)


def _problem(status: int, components: dict[str, Any]) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": _reference("schemas", "Problem")}}
    response: dict[str, Any] = {"description": HTTPStatus(status).phrase, "content": content}
    response["headers"] = {}
    for name in ("Content-Language", *_SENT_WITH.get(status, ())):
        response["headers"][name] = _reference("headers", name)
        components["headers"][name] = {"description": _HEADERS[name], "required": True, "schema": {"type": "string"}}
    return response


def _add_csrf_token(operation: dict[str, Any], method: str, components: dict[str, Any]) -> None:
    """A request that may change state needs the token of its session too (shared/http/csrf.py)."""
    for requirement in operation.get("security", ()):
        if method != "get" and StaffSession.scheme_name in requirement:
            requirement["csrfToken"] = []
            components["securitySchemes"]["csrfToken"] = _CSRF


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": _COMPONENT.format(kind=kind, name=name)}
