"""Clients that openapi-typescript and openapi-python-client generate can call every operation, and read what intake answers."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.demo.cohort import cohort
from services.demo.programme import programme
from services.intake import actions
from services.intake.schemas import ApplicationIn
from services.intake.settings import IntakeSettings
from services.intake.web import make_app
from shared.events.intake import Programme
from tests.processes import START, process_for
from tests.servers.foreign import FOLDER
from tests.signing import serving

APPLICATION = cohort(1).applications[0]
# Fields of an application that the filed draft lacks. It has the programme, its number and the mode of the interview.
LACKING = sum(field.is_required() for field in ApplicationIn.model_fields.values()) - 3
# Uploads, then: filed, read, an unknown key, an unknown application, a used key, a draft, its patch, too few fields, too large.
ANSWERS = [
    *[{"status": 201}] * len(APPLICATION.scans),
    {"status": 201},
    {"status": 200},
    {"status": 401, "code": "api-key"},
    {"status": 404, "code": "unknown-application"},
    {"status": 409, "code": "idempotency-key-reused"},
    {"status": 201},
    {"status": 200},
    {"status": 422, "code": "invalid-body", "faults": LACKING},
    {"status": 413, "code": "too-large"},
]


@pytest.fixture
def given(tmp_path: Path) -> Iterator[str]:
    """What the clients call: a running intake with the reference programme, an API key, and an application with its scans."""
    process = process_for(IntakeSettings, f"sqlite:///{tmp_path / 'intake.db'}", tmp_path)
    with process.database.transaction() as uow:
        reference = Programme.model_validate(programme())
        actions.publish_programme(uow, reference, actor="test", now=START, keys=process.tools.keys)
        key = actions.issue_client_key(uow, "平台", actor="test", now=START)
    scans = {}
    for scan in APPLICATION.scans:
        path = tmp_path / scan.kind
        path.write_bytes(scan.content())
        scans[scan.kind] = str(path)
    with serving(make_app(process)) as url:
        yield json.dumps({"url": url, "key": key, "scans": scans, "application": APPLICATION.body})
    process.database.close()


def run(*command: str | Path, folder: Path, given: str = "") -> str:
    """Run a command; return what it prints."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def operations(document: Path) -> set[str]:
    paths: dict[str, dict[str, Any]] = json.loads(document.read_text())["paths"]
    return {operation["operationId"] for path in paths.values() for operation in path.values()}


def test_a_client_of_openapi_typescript(
    npm_packages: Path, documents: dict[str, Path], given: str, tmp_path: Path
) -> None:
    folder = tmp_path / "client"
    folder.mkdir()
    (folder / "node_modules").symlink_to(npm_packages)
    (folder / "package.json").write_text('{"type": "module"}')
    shutil.copy(FOLDER / "call.ts", folder)
    programs = npm_packages / ".bin"
    apis = {
        service: {"root": str(document), "x-openapi-ts": {"output": f"{service}.ts"}}
        for service, document in documents.items()
    }
    (folder / "redocly.yaml").write_text(yaml.safe_dump({"apis": apis}))
    run(programs / "openapi-typescript", folder=folder)
    strict = ["--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022", "--types", "node"]
    run(programs / "tsc", *strict, "call.ts", *(f"{service}.ts" for service in documents), folder=folder)
    assert json.loads(run("node", "call.js", folder=folder, given=given)) == ANSWERS


def test_a_client_of_openapi_python_client(
    client_python: Path, documents: dict[str, Path], given: str, tmp_path: Path
) -> None:
    program = client_python.with_name("openapi-python-client")
    for service, document in documents.items():
        run(program, "generate", "--meta", "none", "--output-path", service, "--path", document, folder=tmp_path)
        generated = {path.stem for path in (tmp_path / service / "api").glob("*/*.py")} - {"__init__"}
        assert generated == operations(document), service
    (tmp_path / "intake").rename(tmp_path / "client")
    assert json.loads(run(client_python, FOLDER / "call.py", folder=tmp_path, given=given)) == ANSWERS
