"""Fixtures: the command line in this process, which is quick, because its modules are loaded once."""

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping

import pytest
import structlog

from services.cli import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def own_logging() -> Iterator[None]:
    """Undo the logging that a command configures."""
    handlers, level, configuration = logging.root.handlers, logging.root.level, structlog.get_config()
    yield
    logging.root.handlers, logging.root.level = handlers, level
    structlog.configure(**configuration)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_logging: None) -> Run:
    """A function that runs `lingjun` with only these settings; it returns the exit code, the output and the errors."""

    def lingjun(*arguments: str, settings: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        for name in [name for name in os.environ if name.startswith("LINGJUN_")]:
            monkeypatch.delenv(name)
        for name, value in (settings or {}).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["lingjun", *arguments])
        code = main()
        return code, *capsys.readouterr()

    return lingjun


@pytest.fixture
def refusal(run: Run) -> Callable[..., str]:
    """A function that runs a command that must be refused; it returns the line."""

    def refused(*arguments: str, settings: Mapping[str, str] | None = None) -> str:
        return line_of(run(*arguments, settings=settings))

    return refused


def line_of(outcome: tuple[int, str, str]) -> str:
    """Return the line of a refusal."""
    code, output, errors = outcome
    assert (code, output) == (2, "")
    (line,) = errors.splitlines()
    assert line.startswith("lingjun: ")
    return line.removeprefix("lingjun: ")
