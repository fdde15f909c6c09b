"""Generate services/portal/problems.json: every refusal that a program may get, with its status and its texts.

The portal shows them on a page, to which the `type` of each problem leads (RFC 9457, 3.1.1). Read from the calls that create
refusals in the source. Run `python -m tools.problems` or `make generate`.
"""

import ast
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from babel.messages.pofile import read_po

from shared.http.web import STATUS
from shared.wiring.registry import SERVICES

ROOT = Path(__file__).parents[1]
FILE = ROOT / "services" / "portal" / "problems.json"
_FOLDERS = ("shared", *(f"services/{service}" for service in SERVICES))
_STATUS_OF_CLASS = {kind.__name__: int(status) for kind, status in STATUS.items()}
# Raised with a status of their own.
_STATUS_OF_CODE = {
    "bad-request": 400,
    "method-not-allowed": 405,
    "too-large": 413,
    "too-slow": 408,
    "away": 503,
    "failure": 500,
    "no-such-page": 404,
}


def document() -> str:
    """Return the text of the file: objects with `code`, `statuses`, `texts` (pairs of Chinese and English), by code."""
    english = _catalogue()
    found: dict[str, dict[str, set[Any]]] = defaultdict(lambda: {"statuses": set(), "texts": set()})
    trees = [ast.parse(path.read_text()) for folder in _FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    bases = {node.name: _bases(node) for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for tree in trees:
        for code, kind, texts in _refusals(tree, bases):
            if status := _STATUS_OF_CODE.get(code) or _status(kind, bases):
                found[code]["statuses"].add(status)
                found[code]["texts"] |= {(text, english.get(text, "")) for text in texts}
    entries = [
        {"code": code} | {name: sorted(values) for name, values in found[code].items()} for code in sorted(found)
    ]
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries if not _is_for_operators(entry)]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _is_for_operators(entry: dict[str, Any]) -> bool:
    """Whether a refusal is of a setting at the start of a process: no request gets one, and its text is only Chinese.

    Leaves only the translated texts in the entry.
    """
    had_texts = bool(entry["texts"])
    entry["texts"] = [pair for pair in entry["texts"] if pair[1]]
    return had_texts and not entry["texts"]


def _catalogue() -> dict[str, str]:
    texts: dict[str, str] = {}
    for folder in ("shared/foundation", *_FOLDERS[1:]):
        for path in (ROOT / folder).glob("translations/en/LC_MESSAGES/*.po"):
            with path.open("rb") as file:
                texts |= {str(entry.id): str(entry.string) for entry in read_po(file, locale="en") if entry.id}
    return texts


def _bases(node: ast.ClassDef) -> list[str]:
    return [base.id for base in node.bases if isinstance(base, ast.Name)]


def _status(kind: str, bases: dict[str, list[str]]) -> int | None:
    """Return the status of a class of refusals; None for another class."""
    if kind in _STATUS_OF_CLASS:
        return _STATUS_OF_CLASS[kind]
    return next((status for base in bases.get(kind, []) if (status := _status(base, bases))), None)


def _refusals(tree: ast.Module, bases: dict[str, list[str]]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the code, the class and the texts of each refusal that a module creates."""
    owners = {id(one): owner.name for owner in _all(tree, ast.ClassDef) for one in ast.walk(owner)}
    # A variable means what its own function assigns.
    scopes = {id(one): function for function in _all(tree, ast.FunctionDef) for one in ast.walk(function)}
    for node in ast.walk(tree):
        # A table of codes and messages, such as those of unreadable scans.
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and _name(node.elts[1]) == "Message":
            if code := _constant(node.elts[0]):
                yield code, "Invalid", [*_texts(node.elts[1], {})]
        elif isinstance(node, ast.Call):
            code = next((_constant(keyword.value) for keyword in node.keywords if keyword.arg == "code"), "")
            if code:
                kind = owners.get(id(node), "") if _name(node) == "__init__" else _name(node)
                assigned = _assigned(scopes.get(id(node), tree))
                yield code, kind, [text for argument in node.args for text in _texts(argument, assigned)]


N = TypeVar("N", bound=ast.AST)


def _all(tree: ast.AST, kind: type[N]) -> Iterator[N]:
    return (node for node in ast.walk(tree) if isinstance(node, kind))


def _assigned(scope: ast.AST) -> dict[str, list[ast.expr]]:
    values = defaultdict(list)
    for node in _all(scope, ast.Assign):
        if isinstance(node.targets[0], ast.Name):
            values[node.targets[0].id].append(node.value)
    return values


def _name(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _texts(node: ast.expr, assigned: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield the texts in an argument; for a variable, those in what it is assigned."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and _constant(part):
            yield _constant(part)
        elif isinstance(part, ast.Name):
            for value in assigned.get(part.id, []):
                yield from (
                    _constant(one) for one in ast.walk(value) if isinstance(one, ast.Constant) and _constant(one)
                )


def main() -> None:
    """Write the file."""
    FILE.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
