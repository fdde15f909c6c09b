"""The Nu checker of the W3C finds no error in any kind of page."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.limits.played import crawl, play, quiet
from tests.servers import packages

# Pages that no other page leads to.
PUBLIC = ("/sign-in", "/problems", "/nothing")
_KEY = re.compile(r"[0-9a-f-]{36}|[A-Z]+-[\w-]*\d[\w-]*|\d+")


def checked(npm_packages: Path, pages: list[Path]) -> list[str]:
    """Return the errors that the checker finds: the page, the message and where it is."""
    java = packages.program("java")
    if java is None:
        pytest.skip("no Java: python -m tests.servers install")
    jar = npm_packages / "vnu-jar/build/dist/vnu.jar"
    command = [str(java), "-jar", str(jar), "--errors-only", "--format", "json", "--exit-zero-always", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    found = json.loads(done.stderr)["messages"]
    return [f"{one['url'].rpartition('/')[2]}: {one['message']} {one.get('extract', '')}" for one in found]


def test_every_kind_of_page_is_valid(npm_packages: Path, tmp_path: Path) -> None:
    pages: dict[str, Path] = {}

    def keep(path: str, page: str) -> None:
        kind = _KEY.sub("X", path.partition("?")[0]).strip("/").replace("/", "-") or "home"
        pages.setdefault(kind, tmp_path / f"{kind}.html").write_text(page, encoding="utf-8")

    with quiet():
        played = play(tmp_path / "played")
        crawl(played, most=150, show=keep)
        for path in PUBLIC:
            keep(path, played.client("portal", "").get(path).text)
        keep("/review/check", played.client("review", "").get("/review/check").text)
        keep("/intake/consent/", played.client("intake", "").get("/intake/consent/x").text)
    assert len(pages) > 50, sorted(pages)
    assert checked(npm_packages, list(pages.values())) == []


def test_the_checker_finds_a_fault(npm_packages: Path, tmp_path: Path) -> None:
    page = tmp_path / "faulty.html"
    page.write_text("<!DOCTYPE html><html lang=zh><head><title>t</title></head><body><p><div></p></body></html>")
    assert checked(npm_packages, [page])
