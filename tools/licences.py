"""Lists the licences of the packages that the images ship, and refuses those under the GPL or AGPL.

`python -m tools.licences` writes docs/licences.md from the installed packages; tests/contracts/test_licences.py expects it to
be fresh. The packages are those of requirements/*.txt without those that no image installs.
"""

import re
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/licences.md"
_NOT_SHIPPED = {"dev.txt", "uv.txt", "demo.txt", "openapi_client.txt"}
_REFUSED = re.compile(
    r"(?<!L)(?<!Lesser )(?<!Lesser General Public License )\b(AGPL|GPL|GNU Affero|GNU General Public)", re.I
)
_PREFIX = "License :: "
_HEAD = """# Licences of what is shipped

Written by `python -m tools.licences` from the installed packages; `make check` fails when it is stale, or when a package is
under the GPL or AGPL. Fonts, scripts and styles come inside these packages.

| package | licence |
|---|---|
"""


def shipped() -> list[str]:
    """The names of the packages in the images' locks, sorted."""
    locks = [path for path in (ROOT / "requirements").glob("*.txt") if path.name not in _NOT_SHIPPED]
    names = {name for path in locks for name in re.findall(r"^([A-Za-z0-9_.-]+)==", path.read_text(), re.MULTILINE)}
    return sorted(names, key=str.lower)


def licence_of(package: str) -> str:
    """The licence that the installed package declares: expression, classifier, or text; empty if it is not installed here."""
    try:
        metadata: Any = distribution(package).metadata
    except PackageNotFoundError:
        return ""
    if expression := metadata.get("License-Expression"):
        return str(expression)
    declared = [text.rpartition(" :: ")[2] for text in metadata.get_all("Classifier", []) if text.startswith(_PREFIX)]
    return ", ".join(declared) or str(metadata.get("License", "")).strip().splitlines()[0]


def refused(licence: str) -> bool:
    """Whether the licence is the GPL or the AGPL and leaves no other choice."""
    choices = re.split(r"\bOR\b", licence)
    return all(_REFUSED.search(choice) for choice in choices)


def page(licences: dict[str, str]) -> str:
    """The text of docs/licences.md."""
    return _HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in licences.items())


def installed() -> dict[str, str]:
    """Package -> licence, of the shipped packages that this platform installs."""
    return {name: licence for name in shipped() if (licence := licence_of(name))}


if __name__ == "__main__":
    found = installed()
    if bad := [f"{name}: {licence}" for name, licence in found.items() if refused(licence)]:
        sys.exit("\n".join(["These packages may not be shipped:", *bad]))
    PAGE.write_text(page(found))
