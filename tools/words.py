"""Find retired words in names, docstrings, comments and documents, and print the standard term for each.

The list is `retired_words.csv`: words, where they are retired (name, text or both), under which path, and the term.
`python -m tools.words [PATH ...]` prints the findings; tests/contracts/test_words.py expects none.
"""

import csv
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
KINDS = (".py", ".md", ".sh", ".yml", ".toml", ".html", ".typ", "Makefile", "Dockerfile", "Caddyfile")
# Migrations are never changed, and docs/events.md is generated from the contracts.
LEFT_OUT = re.compile(r"/migrations/versions/|^docs/events\.md$|^docs/asyncapi\.yaml$|\.zh\.md$|^tools/words\.py$")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_TEXT_WORD = re.compile(r"[A-Za-z]+")
# Standard terms and wire names that contain a retired word.
_ALLOWED = re.compile(r"dead_?letters?|LINGJUN_[A-Z_]+", re.IGNORECASE)


def findings(paths: list[str]) -> Iterator[str]:
    """Yield `file:line: word (where) -> term` for each retired word in the tracked files under `paths` (all if
    empty)."""
    with (ROOT / "tools/retired_words.csv").open(newline="") as file:
        rules = [(set(row["word"].split("|")), row) for row in csv.DictReader(file)]
    listed = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True, check=True)
    for path in listed.stdout.splitlines():
        if path.endswith(KINDS) and not LEFT_OUT.search(path):
            for line, where, word in _words(path, (ROOT / path).read_text()):
                for retired, row in rules:
                    if word in retired and row["where"] in (where, "both") and path.startswith(row["under"]):
                        yield f"{path}:{line}: {word} ({where}) -> {row['term']}"


def _words(path: str, source: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, where (name or text) and each word in lower case."""
    if path.endswith(".py"):
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                yield from (
                    (token.start[0], "name", part.lower()) for part in _PART.findall(_ALLOWED.sub("", token.string))
                )
            elif token.type == tokenize.COMMENT or token.string.startswith('"""'):
                yield from _text(token.string, token.start[0])
    elif path.endswith(".md"):
        yield from _text(source, 1)
    else:
        for number, line in enumerate(source.splitlines(), 1):
            if line.lstrip().startswith(("#", "//", "{#", "<!--")):
                yield from _text(line, number)


def _text(text: str, first: int) -> Iterator[tuple[int, str, str]]:
    for offset, line in enumerate(text.splitlines()):
        yield from ((first + offset, "text", word.lower()) for word in _TEXT_WORD.findall(_ALLOWED.sub("", line)))


if __name__ == "__main__":
    found = list(findings(sys.argv[1:]))
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(1 if found else 0)
