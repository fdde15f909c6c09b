"""The command line `lingjun`; `python -m services` is the same.

A command loads its implementation by name when it runs (services/loading.py). Errors are one line on standard error.
"""

import sys

import typer

from services.cli import development, installation, processes, scaffolds
from shared.foundation.errors import Refusal

app = typer.Typer(
    help="Lingjun 领军: an enrolment platform for subsidised training programmes.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _commands in (installation.app, processes.app, development.app, scaffolds.app):
    app.add_typer(_commands)


def main() -> int:
    """Run the command of sys.argv. Return its exit code: 2 after a refusal, a wrong usage or without a server."""
    try:
        return int(app(prog_name="lingjun", standalone_mode=False) or 0)
    except typer.TyperException as error:
        return _fail(f"{error.format_message()} (see lingjun --help, or --help after the command)")
    except (Refusal, ConnectionError) as error:
        return _fail(str(error))


def _fail(message: str) -> int:
    sys.stderr.write(f"lingjun: {' '.join(message.split())}\n")
    return 2
