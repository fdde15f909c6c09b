"""Redocly finds no fault in the OpenAPI document of any service, and AsyncAPI's parser none in docs/asyncapi.yaml."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.events import CONTRACTS
from shared.wiring.registry import SERVICES
from tests.servers.foreign import FOLDER, ROOT
from tools.event_docs import ASYNCAPI

QUIET = {"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}


def linted(npm_packages: Path, document: Path) -> list[str]:
    """Return the rules that Redocly finds broken."""
    options = ["--config", str(FOLDER / "redocly.yaml"), "--format", "json"]
    done = subprocess.run(
        [npm_packages / ".bin/redocly", "lint", document, *options],
        env=os.environ | QUIET,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = json.loads(done.stdout)
    assert (done.returncode == 0, found["totals"]["ignored"]) == (found["totals"]["errors"] == 0, 0)
    return [problem["ruleId"] for problem in found["problems"]]


def parsed(document: Path) -> dict[str, Any]:
    """Return what AsyncAPI's parser finds: the faults, and how many examples each message has."""
    command = ["node", str(FOLDER / "asyncapi.mjs"), str(document)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_redocly_finds_no_fault_in_any_document(npm_packages: Path, documents: dict[str, Path]) -> None:
    assert documents.keys() == SERVICES.keys()
    assert {service: linted(npm_packages, path) for service, path in documents.items()} == {
        service: [] for service in SERVICES
    }


def test_redocly_finds_an_operation_without_credentials(
    npm_packages: Path, documents: dict[str, Path], tmp_path: Path
) -> None:
    document = json.loads(documents["intake"].read_text())
    del document["paths"]["/intake/api/files"]["post"]["security"]
    changed = tmp_path / "intake.json"
    changed.write_text(json.dumps(document))
    assert linted(npm_packages, changed) == ["security-defined"]


@pytest.mark.usefixtures("npm_packages")
def test_the_parser_finds_no_fault_and_a_valid_example_of_every_event() -> None:
    assert parsed(ASYNCAPI) == {"faults": [], "examples": dict.fromkeys(CONTRACTS, 1)}


@pytest.fixture
def changed(npm_packages: Path, tmp_path: Path) -> Callable[[dict[str, Any]], list[str]]:
    """A function that returns the faults of a changed document of the events."""

    def faults(document: dict[str, Any]) -> list[str]:
        path = tmp_path / "asyncapi.yaml"
        path.write_text(yaml.safe_dump(document))
        found: list[str] = parsed(path)["faults"]
        return found

    return faults


def test_the_parser_finds_a_binding_that_is_not_of_amqp(changed: Callable[[dict[str, Any]], list[str]]) -> None:
    document = yaml.safe_load(ASYNCAPI.read_text())
    document["channels"]["billing.fee_paid.v1"]["bindings"]["amqp"]["is"] = "letter"
    assert any(fault.startswith("asyncapi-document-resolved: ") for fault in changed(document))


def test_examples_that_their_schemas_refuse_are_found(changed: Callable[[dict[str, Any]], list[str]]) -> None:
    document = yaml.safe_load(ASYNCAPI.read_text())
    messages = document["components"]["messages"]
    messages["billing.fee_paid.v1"]["examples"][0]["payload"]["paid_at"] = "soon"
    del messages["billing.refund_sent.v1"]["examples"][0]["headers"]["cloudEvents:id"]
    assert changed(document) == [
        'billing.fee_paid.v1: payload/paid_at must match format "date-time"',
        "billing.refund_sent.v1: headers must have required property 'cloudEvents:id'",
    ]


def test_the_locks_name_hashes_and_no_host() -> None:
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    assert {name for name, one in packages.items() if not one["integrity"].startswith("sha512-")} == set()
    for path in (FOLDER / "package-lock.json", *(ROOT / "requirements").glob("*.txt")):
        assert "://" not in path.read_text(), path
