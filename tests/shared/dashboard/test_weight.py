"""What a page weighs: static files are kept for a year, pages and files are compressed, a second view costs one page."""

import gzip
import re
from typing import Any

import pytest
import zstandard
from playwright.sync_api import BrowserContext
from starlette.testclient import TestClient

from shared.dashboard.static_files import address, version
from tests.browser import transferred
from tests.shared.dashboard.sample_paths import LIST
from tests.shared.sample_service import Installation

CSS = address("lingjun/frame.css")
UNPACK: dict[str, Any] = {
    "gzip": gzip.decompress,
    "zstd": lambda content: zstandard.ZstdDecompressor().decompressobj().decompress(content),
}


def raw(client: TestClient, path: str, accepted: str) -> tuple[Any, bytes]:
    """Return the headers and the bytes as they are sent."""
    with client.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        assert answer.status_code == 200
        return answer.headers, b"".join(answer.iter_raw())


@pytest.mark.parametrize("path", [CSS, LIST])
@pytest.mark.parametrize(
    ("accepted", "used"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip;q=1.0, zstd;q=0", "gzip"),
        ("br", ""),
        ("gzip;q=0", ""),
        ("", ""),
    ],
)
def test_files_and_pages_have_the_best_coding_that_is_accepted(
    clerk: TestClient, path: str, accepted: str, used: str
) -> None:
    headers, content = raw(clerk, path, accepted)
    assert headers.get("content-encoding", "") == used
    assert "Accept-Encoding" in headers["vary"]
    assert int(headers["content-length"]) == len(content)
    plain = UNPACK[used](content) if used else content
    assert b"lj-" in plain
    assert not used or len(content) < len(plain) / 3


def test_a_static_file_is_kept_for_a_year_and_public(clerk: TestClient) -> None:
    answer = TestClient(clerk.app).get(CSS)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"].startswith("text/css")
    assert TestClient(clerk.app).head(CSS).content == b""


def test_a_font_is_sent_as_it_is(clerk: TestClient) -> None:
    page = clerk.get(address("css/vendor/fontawesome.min.css")).text
    font = re.search(r"url\(\.\./\.\./(webfonts/[^)]+woff2)\)", page)
    assert font
    answer = clerk.get(address(font[1]))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "font/woff2")
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    "path", [CSS.replace(version(), "0" * 16), address("lingjun/none.css"), address("..%2Fframe.py"), address("")]
)
def test_other_files_and_other_versions_are_unknown(clerk: TestClient, path: str) -> None:
    answer = clerk.get(path)
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


def test_a_second_view_takes_one_page_from_the_network(
    installation: Installation, url: str, browser_context: BrowserContext
) -> None:
    cookies = installation.cookies("intake")
    browser_context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
    page = browser_context.new_page()
    first = transferred(page, url + LIST)
    assert first > 100_000
    assert transferred(page, url + LIST) <= 40_000
    assert transferred(page, f"{url}/intake/") <= 40_000
