"""Every path, module, make target and command that a document, a docstring or a comment names exists."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from typer.core import TyperGroup
from typer.main import get_command

from services.cli import app

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
TEXTS = [
    path
    for path in FILES
    if path.endswith((".py", ".md", ".sh", ".yml", ".toml", "Makefile", "Dockerfile", ".env.example"))
    and "/migrations/versions/" not in path
    # A change or a decision names what was there at its time.
    and not path.startswith(("CHANGELOG.md", "docs/decisions/"))
]
_TOP = r"(?:shared|services|tests|docs|deploy|tools|benchmarks|requirements)"
# A path of this repository, unless it is part of a longer one or has a placeholder.
_PATH = re.compile(rf"(?<![\w./<{{-]){_TOP}/[\w./-]*[\w/](?![\w<{{*])")
# A module by a part of its path, such as actions/locking.py in a service.
_FILE = re.compile(r"(?<![\w./<{*-])[a-z_][a-z_/]*\.py\b")
_MODULE = re.compile(r"python3? -m ((?:shared|services|tests|tools|benchmarks)[\w.]*\w)")
# A command as in a code span, after a prompt, or inside a container.
_COMMAND = re.compile(r"(?:^|`|\$ |\btime |\bexec [\w-]+ )lingjun ([^`#=\n]+)", re.MULTILINE)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def prose_of(path: str) -> str:
    """The whole of a document; of a module only its comments and docstrings."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if not path.endswith(".py"):
        return text
    return "\n".join(re.findall(r'#.*|"""(?:.|\n)*?"""', text))


def missing(path: str) -> Iterator[str]:
    prose = prose_of(path)
    for named in _PATH.findall(prose):
        if not list(ROOT.glob(f"{named.rstrip('/')}*")):
            yield named
    yield from (named for named in _FILE.findall(prose) if not any(f"/{path}".endswith(f"/{named}") for path in FILES))
    for module in _MODULE.findall(prose):
        place = ROOT / module.replace(".", "/")
        if not (place.with_suffix(".py").exists() or (place / "__main__.py").exists()):
            yield f"python -m {module}"
    yield from (f"lingjun {line}" for line in _COMMAND.findall(prose) if not exists(line))
    if path.endswith(".md"):
        yield from (f"make {target}" for target in re.findall(r"`make ([a-z][a-z-]*)", prose) if target not in TARGETS)


def exists(line: str) -> bool:
    """Return whether `lingjun` has the command of this line, with these options."""
    command, words = get_command(app), line.split()
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return False
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    return {word for word in words if word.startswith("-")} <= options


def test_what_a_text_names_exists() -> None:
    found = {path: named for path in TEXTS if (named := list(missing(path)))}
    assert found == {}


def test_a_command_with_an_unknown_name_or_option_is_found() -> None:
    lines = (
        "replay --list",
        "new migration intake why",
        "--help",
        "replay --lsit",
        "reply --list",
        "new thing",
        "-x",
    )
    assert [exists(line) for line in lines] == [True, True, True, False, False, False, False]
    assert _COMMAND.findall("`lingjun reply`, `list_queues --vhost lingjun name`\n$ lingjun run  # here") == [
        "reply",
        "run  ",
    ]
