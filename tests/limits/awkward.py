"""Sends pairs of awkward values to every form, list and JSON route, for every role, in a world that was played to its end.

The short form is test_awkward.py. The whole is a command:

    python -m tests.limits.awkward

Values come from the pages themselves, where a page has them (links and form fields), and from AWKWARD.
"""

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import quote

from allpairspy import AllPairs
from fastapi.params import File
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from httpx import Response
from rich.progress import track

from services.demo.cohort import cohort
from shared.http.auth import SAFE_METHODS
from shared.wiring.registry import ROLES, SERVICES
from tests.limits.apps import dependants
from tests.limits.played import SEED, Played, crawl, play, quiet

TEXTS = ("", "x" * 10_000, "2021-02-30", "\u202e=1")
AWKWARD = (*TEXTS, str(2**63), "-1", "0", "1e400", "不是编号", "[]", "null", "%00", "\udcff")
JSON_AWKWARD: tuple[Any, ...] = (*TEXTS, None, True, 2**63, -1, 0, 1e300, [], {}, [[]] * 40, "\ud800")
_UUID = "00000000-0000-4000-8000-000000000000"
# Values that a page has: a row's own id, another's, and what a field contains.
_MOST_KNOWN = 3
_MOST_PAIRED = 6
# The library's endpoints below /tables: method, path, fields of the query, fields of the form.
_LISTS = (
    ("GET", "{key}/list", ("page", "page_size", "sort", "filter", "q", "cols"), ()),
    ("GET", "{key}/detail", ("pk",), ()),
    ("POST", "_api/{key}/action", ("name", "pks", "all", "_list_query"), ("scope", "format", "filename", "fields")),
    ("POST", "_api/{key}/row-action", ("name", "pk", "_origin"), ()),
)
_LIST_VALUES = {
    "name": ("export",),
    "scope": ("all", "page", "selected"),
    "format": ("csv", "xlsx"),
    "filename": ("名单", "a\r\nb", '../"'),
    "all": ("1",),
    "page": ("1",),
}


Place = tuple[str, str]


class Case(NamedTuple):
    """One request."""

    role: str
    method: str
    path: str
    route: str
    query: dict[str, str]
    headers: dict[str, str]
    form: dict[str, Any] | None
    body: Any


def cases(played: Played, rng: Random, *, most: int = 0) -> Iterator[Case]:
    """Yield the requests: for each route all pairs of its values (or `most` random ones), each for a role that may and for a
    random one."""
    for service, app in played.apps.items():
        for context in iter_route_contexts(app.routes):
            if isinstance(context.original_route, APIRoute) and not str(context.path).endswith(
                ("/session/end", "/healthz")
            ):
                yield from _route_cases(played, rng, service, context, most)
        yield from _list_cases(played, rng, service, most)


def _route_cases(played: Played, rng: Random, service: str, context: Any, most: int) -> Iterator[Case]:
    paths = _path_values(played, rng, service, context)
    places: dict[Place, list[Any]] = {("path", name): values for name, values in paths.items()}
    body: Any = None
    for one in dependants(context.dependant):
        for kind, parameters in (("query", one.query_params), ("header", one.header_params), ("form", one.body_params)):
            for parameter in parameters:
                if isinstance(parameter.field_info, File):
                    places["file", parameter.alias] = [
                        b"",
                        b"%PDF-1.7",
                        "户名,金额\r\n甲,1\r\n".encode("gb18030"),
                        b"PK\x03\x04" * 99,
                    ]
                elif type(parameter.field_info).__name__ == "Body":
                    body = _json_of(played)
                    places |= {("json", pointer): ["as it is", *JSON_AWKWARD] for pointer in _leaves(body)}
                else:
                    places[kind, parameter.alias] = _values(played, rng, parameter.alias)
    for method in sorted(context.methods):
        unknown = {place: _UUID if place[0] == "path" else values[0] for place, values in places.items()}
        for row in (unknown, *_rows(places, rng, most)):
            for role in _roles(rng, service):
                yield _case(role, method, context, row, body)


def _path_values(played: Played, rng: Random, service: str, context: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {name: [] for name in re.findall(r"{(\w+)", context.path)}
    for link in sorted(played.links[service]):
        if match := context.path_regex.match(link):
            for name, value in match.groupdict().items():
                found[name].append(value)
    for name, values in found.items():
        known = rng.sample(sorted(set(values)), min(_MOST_KNOWN, len(set(values))))
        found[name] = [*known, _UUID, *AWKWARD]
    return found


def _values(played: Played, rng: Random, name: str) -> list[str]:
    known = sorted(played.known[name]) or sorted(played.known["an option"])
    return [*rng.sample(known, min(_MOST_KNOWN, len(known))), *AWKWARD]


def _roles(rng: Random, service: str) -> Sequence[str]:
    own = SERVICES[service].roles
    api = ("platform",) if service == "intake" else ()
    return (rng.choice([*own, *api]), rng.choice([*ROLES, ""]))


def _rows(places: Mapping[Place, list[Any]], rng: Random, most: int) -> Iterator[dict[Place, Any]]:
    """Yield rows in which every pair of values occurs, or `most` random rows if `most` is not 0.

    Beyond _MOST_PAIRED places each value occurs once, beside another random one and sound values.
    """
    names = list(places)
    if not names:
        yield {}
    elif most:
        for _ in range(most):
            changed = rng.sample(names, min(len(names), rng.choice((2, _MOST_PAIRED))))
            yield {name: rng.choice(places[name]) if name in changed else places[name][0] for name in names}
    elif len(names) > _MOST_PAIRED:
        sound = {name: values[0] for name, values in places.items()}
        for name, values in places.items():
            other = rng.choice(names)
            for value in values:
                yield sound | {other: rng.choice(places[other]), name: value}
    elif len(names) > 1:
        # Indices, since values of equal hash (0 and False) would be taken for one.
        for row in AllPairs([list(range(len(places[name]))) for name in names]):
            yield {name: places[name][index] for name, index in zip(names, row, strict=True)}
    else:
        yield from ({names[0]: value} for value in places[names[0]])


def _case(role: str, method: str, context: Any, row: Mapping[Place, Any], body: Any) -> Case:
    by_kind: dict[str, dict[str, Any]] = defaultdict(dict)
    for (kind, name), value in row.items():
        by_kind[kind][name] = value
    path = re.sub(
        r"{(\w+)[^}]*}",
        lambda found: quote(str(by_kind["path"][found[1]]).encode(errors="replace"), safe=""),
        context.path,
    )
    changed = body
    for pointer, value in by_kind["json"].items():
        changed = changed if value == "as it is" else _with(changed, pointer.split("/"), value)
    files = {name: ("明细.csv", content) for name, content in by_kind["file"].items()}
    return Case(
        role, method, path, context.path, by_kind["query"], by_kind["header"], by_kind["form"] | files or None, changed
    )


def _json_of(played: Played) -> Any:
    """Return a sound JSON body, as far as one body fits all: a whole application."""
    whole = cohort(1).applications[0]
    codes = sorted(played.known["programme"]) or ["none"]
    return whole.request({scan.kind: _UUID for scan in whole.scans}) | {"programme": codes[-1], "reason": "误填"}


def _leaves(value: Any, pointer: str = "") -> Iterator[str]:
    if pointer:
        yield pointer
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in items:
        yield from _leaves(item, f"{pointer}/{name}" if pointer else str(name))


def _with(value: Any, steps: Sequence[str], leaf: Any) -> Any:
    if not steps:
        return leaf
    if isinstance(value, dict) and steps[0] in value:
        return value | {steps[0]: _with(value[steps[0]], steps[1:], leaf)}
    if isinstance(value, list) and steps[0].isdigit() and int(steps[0]) < len(value):
        return [_with(item, steps[1:], leaf) if str(at) == steps[0] else item for at, item in enumerate(value)]
    return value


def _list_cases(played: Played, rng: Random, service: str, most: int) -> Iterator[Case]:
    for key in sorted(played.lists[service]):
        for method, endpoint, query, form in _LISTS:
            path = f"{SERVICES[service].prefix}/tables/{endpoint.format(key=key)}"
            places = {("query", name): _list_values(played, rng, name) for name in query}
            places |= {("form", name): _list_values(played, rng, name) for name in form}
            # Without one of the fields, too.
            for row in ({}, *_rows(places, rng, most)):
                values: dict[str, dict[str, str]] = {"query": {}, "form": {}}
                for (kind, name), value in row.items():
                    values[kind][name] = value
                yield Case(
                    _roles(rng, service)[0], method, path, path, values["query"], {}, values["form"] or None, None
                )


def _list_values(played: Played, rng: Random, name: str) -> list[str]:
    return [*_LIST_VALUES.get(name, ()), *_values(played, rng, name)]


def send(played: Played, clients: dict[tuple[str, str], TestClient], case: Case) -> Response:
    """Send one request, with the CSRF token if it changes state."""
    service = next(
        (
            one
            for one, app in played.apps.items()
            if SERVICES[one].prefix and case.path.startswith(SERVICES[one].prefix)
        ),
        "portal",
    )
    client = clients.setdefault((service, case.role), played.client(service, case.role))
    headers: dict[str, str | bytes] = {name: _header(value) for name, value in case.headers.items()}
    data: dict[str, Any] = {}
    if case.body is not None:
        data = {"content": json.dumps(case.body).encode()}
        headers["Content-Type"] = "application/json"
    elif case.form is not None:
        texts = {name: _text(value) for name, value in case.form.items() if isinstance(value, str)}
        data = {
            "data": texts,
            "files": {name: value for name, value in case.form.items() if not isinstance(value, str)},
        }
    query = {name: _text(value) for name, value in case.query.items()}
    if case.method in SAFE_METHODS:
        data = {}
    return client.request(case.method, case.path, params=query, headers=headers, **data)


def _text(value: str) -> str:
    return value.encode(errors="replace").decode()


def _header(value: str) -> bytes:
    return value.encode(errors="replace").replace(b"\n", b"")


def main() -> int:
    """Send all cases. Return 1 if a response was a server error."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--most", type=int, default=0, help="rows for each route; 0: all pairs")
    arguments = parser.parse_args()
    with quiet(), TemporaryDirectory() as folder:
        played = play(Path(folder))
        crawl(played)
        chosen = list(cases(played, Random(arguments.seed), most=arguments.most))
        statuses, failed = run(played, chosen)
    lines = [f"{status} {count:7,}  {routes}" for (status, routes), count in sorted(statuses.items(), key=str)]
    lines += [f"server error: {case}" for case in failed[:20]]
    sys.stdout.write("\n".join([*lines, f"{len(chosen):,} requests, {len(failed)} server errors\n"]))
    return 1 if failed else 0


def run(played: Played, chosen: Sequence[Case]) -> tuple[dict[tuple[int, str], int], list[Case]]:
    """Send the cases. Return the number of each status on API and pages, and the cases with a server error."""
    clients: dict[tuple[str, str], TestClient] = {}
    statuses: dict[tuple[int, str], int] = defaultdict(int)
    failed = []
    for case in track(chosen, "requests", disable=not sys.stdout.isatty()):
        status = int(send(played, clients, case).status_code)
        statuses[status, "API" if "/api/" in case.path else "pages"] += 1
        if status >= 500:
            failed.append(case)
    return statuses, failed


if __name__ == "__main__":
    sys.exit(main())
