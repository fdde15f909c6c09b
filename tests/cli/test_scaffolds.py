"""What `lingjun new` writes passes the checks of `make check`, and what exists already is refused."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from shared.foundation.errors import Conflict, Invalid
from tools.scaffold import new_event, new_page, new_service

ROOT = Path(__file__).parents[2]
CHECKS = (
    ("ruff", "check", "--quiet", "."),
    ("ruff", "format", "--check", "--quiet", "."),
    ("mypy", "services/alumni", "tests/alumni", "shared/events/alumni.py", "services/review/pages"),
    ("importlinter.cli", "lint"),
    (
        "pytest",
        "-q",
        *(
            f"tests/contracts/test_{name}.py"
            for name in ("registry", "contracts", "sentences", "translations", "words")
        ),
        "tests/alumni",
        "tests/review/test_page_notes.py",
    ),
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the source tree with a new service, two pages and two events."""
    root = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, root / name)
    if (ROOT / ".mypy_cache").exists():
        shutil.copytree(ROOT / ".mypy_cache", root / ".mypy_cache")
    # The checks ask git for the files of the repository.
    for command in (["init", "--quiet"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    new_service(root, "alumni", title="校友服务", title_en="Alumni", summary="校友名册", summary_en="keeps the alumni")
    new_page(root, "alumni", "visits", title="回访", title_en="Visits")
    new_page(root, "review", "notes", title="备注", title_en="Notes")
    new_event(root, "alumni", "AlumnusVisited", title="已回访", title_en="Visited")
    new_event(root, "review", "CertificateRevoked", title="证书撤销", title_en="Certificate revoked")
    subprocess.run(["git", "add", "--all"], cwd=root, check=True)
    return root


@pytest.mark.parametrize("command", CHECKS, ids=lambda command: command[0])
def test_what_the_scaffolds_write_passes_the_checks(checkout: Path, command: tuple[str, ...]) -> None:
    runner = ["-c", "from importlinter.cli import lint_imports_command as run; run()"]
    module = runner if command[0] == "importlinter.cli" else ["-m", *command]
    done = subprocess.run([sys.executable, *module], cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def test_what_exists_is_refused(checkout: Path) -> None:
    with pytest.raises(Conflict, match="alumni"):
        new_service(checkout, "alumni", title="校友", title_en="Alumni", summary="校友", summary_en="alumni")
    with pytest.raises(Conflict, match="notes"):
        new_page(checkout, "review", "notes", title="备注", title_en="Notes")
    with pytest.raises(Conflict, match=r"certificate_revoked\.v1"):
        new_event(checkout, "review", "CertificateRevoked", title="证书撤销", title_en="Certificate revoked")


def test_a_wrong_name_is_refused(checkout: Path) -> None:
    with pytest.raises(Invalid, match="小写英文字母"):
        new_service(checkout, "../x", title="校友", title_en="Alumni", summary="校友", summary_en="alumni")
    with pytest.raises(Invalid, match="nowhere"):
        new_page(checkout, "nowhere", "notes", title="备注", title_en="Notes")
    with pytest.raises(Invalid, match="大驼峰"):
        new_event(checkout, "review", "revoke", title="证书撤销", title_en="Certificate revoked")
