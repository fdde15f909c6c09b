"""Generated calls of every JSON operation get documented answers and no server error (schemathesis, seeded).

The longer form: `python -m pytest tests/limits/test_schema.py --examples 1000`.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import APIOperation
from schemathesis import Case as Call
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlmodel import select

from services.intake.models import Application
from services.review.models import Case
from services.scheduling.models import Plan, Proposal
from shared.wiring.registry import SERVICES
from tests.limits.played import Played, play, quiet

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance]
CHECKS += [response_headers_conformance, response_schema_conformance]
# The table in which each path parameter names a row.
ROWS: dict[str, tuple[str, Any]] = {
    "application_id": ("intake", Application),
    "case_id": ("review", Case),
    "proposal_id": ("scheduling", Proposal),
    "plan_id": ("scheduling", Plan),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    with quiet():
        yield play(tmp_path_factory.mktemp("played"))


def ids(played: Played, parameter: str) -> list[str]:
    service, model = ROWS[parameter]
    process = played.apps[service].state.process
    with process.database.reader() as session:
        return [str(row.id) for row in session.exec(select(model).order_by(model.id))]


def headers(played: Played, service: str) -> dict[str, str]:
    """Return the headers of a sender that may use every operation of the service."""
    key = {"Authorization": f"Bearer {played.api_key}"} if service == "intake" else {}
    client = played.client(service, *SERVICES[service].roles, "auditor", "administrator")
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    return key | {"Cookie": cookie, "X-CSRF-Token": client.headers["X-CSRF-Token"]}


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_answers_as_documented(played: Played, service: str, pytestconfig: pytest.Config) -> None:
    document = f"{SERVICES[service].prefix}/api/openapi.json"
    schema = schemathesis.openapi.from_asgi(document, played.apps[service])
    operations = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    sender, found = headers(played, service), Counter[tuple[str, int]]()
    for operation in operations:
        _call(operation, played, sender, found, pytestconfig.getoption("examples"))
    assert {label for label, _status in found} == {one.label for one in operations}
    assert 200 in {status for _label, status in found}


def _call(
    operation: APIOperation, played: Played, sender: dict[str, str], found: Counter[tuple[str, int]], examples: int
) -> None:
    known, rng = {name: ids(played, name) for name in ROWS if f"{{{name}}}" in operation.path}, Random(operation.label)

    @seed(20211)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def call(case: Call) -> None:
        for name, values in known.items():
            if values and rng.random() < 0.5:
                case.path_parameters[name] = rng.choice(values)
        response = case.call(headers=sender)
        found[operation.label, int(response.status_code)] += 1
        case.validate_response(response, checks=CHECKS)

    call()
