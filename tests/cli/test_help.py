"""The help of every command has examples, and is quick: it loads no implementation."""

import subprocess
import sys

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from services.cli import app
from tests.cli.running import ROOT, lingjun

COMMANDS = {
    "run", "first-account", "replay", "rebuild-timeline", "web", "bus", "worker", "migrate", "declare-topology",
    "demo", "simulate", "faults", "bench",
    "new service", "new event", "new page", "new migration",
}  # fmt: skip
# What makes a start slow; the web framework, the database, the job queue, and Typer's own formatting.
HEAVY = {"fastapi", "sqlalchemy", "celery", "aio_pika", "rich", "services.standalone"}


def commands_of(group: TyperGroup, above: str = "") -> set[str]:
    found = set()
    for name, command in group.commands.items():
        path = f"{above}{name}"
        found |= commands_of(command, f"{path} ") if isinstance(command, TyperGroup) else {path}
    return found


def test_the_commands_are_these() -> None:
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    assert commands_of(root) == COMMANDS


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_the_help_of_a_command_shows_examples_of_it(command: str) -> None:
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    _, found, examples = shown.output.partition("  Examples:\n")
    assert found
    lines = examples.strip("\n").splitlines()
    assert 1 <= len(lines) <= 3
    assert [line for line in lines if not f"{line} ".startswith(f"    lingjun {command} ")] == []


def test_the_help_is_plain_text_that_lists_the_commands() -> None:
    code, output, errors = lingjun("--help")
    assert (code, errors) == (0, "")
    assert output.startswith("Usage: lingjun [OPTIONS] COMMAND [ARGS]...\n")
    assert all(f"\n  {command.split()[0]} " in output for command in COMMANDS)
    assert "─" not in output


def test_the_command_line_loads_no_implementation() -> None:
    code = "import services.cli, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert HEAVY & set(loaded.split()) == set()
