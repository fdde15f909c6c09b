"""The registry is the only list of services: nothing forgets a service, and no other file lists them by hand."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest

from shared.events import CONTRACTS
from shared.events.envelope import publisher_of
from shared.wiring.registry import SERVICES, ServiceSpec
from tools.deployment import run_cog

ROOT = Path(__file__).parents[2]
MODULES = ("web.py", "bus.py", "worker.py", "settings.py", "migrations/versions", "translations/en")
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
# Each service has an entry by hand here, or a page about it.
ENTRIES = ("shared/wiring/registry.py", "pyproject.toml", "README.md", "README.zh.md", "CHANGELOG.md", "docs/")
BLOCK = re.compile(r"\[\[\[cog.*?\[\[\[end\]\]\]", re.DOTALL)


def forgotten(root: Path, services: Mapping[str, ServiceSpec]) -> Iterator[str]:
    """Yield the places that a service lacks in the checkout at `root`."""
    for folder in sorted(path.parent.name for path in root.glob("services/*/settings.py")):
        if folder not in services:
            yield f"shared/wiring/registry.py: no ServiceSpec for services/{folder}"
    project = (root / "pyproject.toml").read_text(encoding="utf-8") if (root / "pyproject.toml").exists() else ""
    architecture = root / "docs/architecture.md"
    for name in services:
        yield from (f"services/{name}/{part}" for part in MODULES if not (root / "services" / name / part).exists())
        yield from (f"{path}" for path in (f"requirements/{name}.txt", f"tests/{name}") if not (root / path).exists())
        if not re.search(rf"^{name} = \[", project, re.MULTILINE):
            yield f"pyproject.toml: no extra {name} with the libraries of its image"
        if not architecture.exists() or not re.search(rf"\b{name}\b", architecture.read_text(encoding="utf-8")):
            yield f"docs/architecture.md: no word about {name}"


def names_in(text: str) -> set[str]:
    return {name for name in SERVICES if re.search(rf"(?<![\w.]){name}(?!\w)", text)}


def test_no_place_forgets_a_service() -> None:
    assert list(forgotten(ROOT, SERVICES)) == []


def test_a_half_added_service_is_reported_with_every_place_that_lacks_it(tmp_path: Path) -> None:
    (tmp_path / "services/alumni").mkdir(parents=True)
    (tmp_path / "services/alumni/settings.py").touch()
    assert list(forgotten(tmp_path, {})) == ["shared/wiring/registry.py: no ServiceSpec for services/alumni"]
    assert list(forgotten(tmp_path, {"alumni": SERVICES["intake"]})) == [
        *(f"services/alumni/{part}" for part in MODULES if part != "settings.py"),
        "requirements/alumni.txt",
        "tests/alumni",
        "pyproject.toml: no extra alumni with the libraries of its image",
        "docs/architecture.md: no word about alumni",
    ]


def test_the_generated_blocks_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cog("--check") == 0, f"run make generate: {capsys.readouterr().out}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_handlers_of_a_bus_are_its_subscriptions(service: str) -> None:
    assert set(import_module(f"services.{service}.bus").HANDLERS) == set(SERVICES[service].subscriptions)


@pytest.mark.parametrize("service", SERVICES)
def test_the_settings_of_a_service_have_its_name(service: str) -> None:
    settings = import_module(f"services.{service}.settings")
    assert service == getattr(settings, f"{service.capitalize()}Settings").SERVICE


def test_every_event_has_a_registered_publisher() -> None:
    assert {publisher_of(kind) for kind in CONTRACTS} <= set(SERVICES)


def test_exactly_one_service_answers_the_other_paths_and_one_creates_the_keys() -> None:
    assert [spec.name for spec in SERVICES.values() if spec.is_default] == ["portal"]
    assert [spec.name for spec in SERVICES.values() if spec.creates_keys] == ["intake"]


def test_no_other_file_lists_the_services() -> None:
    listing = []
    for path in FILES:
        folder = path.split("/")[1] if path.startswith("services/") else ""
        if path.startswith(ENTRIES) or folder in SERVICES or not (ROOT / path).is_file():
            continue
        try:
            text = BLOCK.sub("", (ROOT / path).read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        lines = text.splitlines() if path.endswith(".py") else [text]
        if any(names_in(line) == set(SERVICES) for line in lines):
            listing.append(path)
    assert listing == []
