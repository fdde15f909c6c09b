"""The browser of the tests, and what counts as a problem in it. Used by tests/conftest.py and tests/screenshots.py."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, WebError, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def launched(chromium: Path | None) -> Iterator[Browser]:
    """Yield a headless browser."""
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS) as browser,
    ):
        yield browser


@contextmanager
def fresh_profile(browser: Browser, problems: list[str]) -> Iterator[BrowserContext]:
    """Yield a fresh profile in Chinese. Console errors and requests to other hosts are added to `problems`."""

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"console: {message.text} ({message.location.get('url', '')})")

    def on_request(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in ("data", "blob", "about") and address.hostname != "127.0.0.1":
            problems.append(f"request to another host: {request.url}")

    def on_web_error(error: WebError) -> None:
        problems.append(f"uncaught: {error.error}")

    with browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai") as context:
        context.on("console", on_console)
        context.on("request", on_request)
        context.on("weberror", on_web_error)
        yield context


def transferred(page: Page, address: str) -> int:
    """Return the bytes that a view of a page takes from the network."""
    page.goto(address, wait_until="networkidle")
    return int(
        page.evaluate(
            "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
            ".reduce((sum, entry) => sum + entry.transferSize, 0)"
        )
    )
