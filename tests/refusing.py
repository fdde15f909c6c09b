"""Extract the texts of refusals from the source, for the tests of the translation catalogues.

These are all Chinese strings in calls that create a Refusal, FieldError or Message (shared/foundation/errors.py), and
in variables that are passed to them. Values must be passed by name: a sentence that is joined with a value is in no
catalogue.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

CHINESE = re.compile(r"[\u4e00-\u9fff]")
_TEXT_NODES = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.IfExp, ast.Dict)
_CLASSES = {
    "Refusal",
    "NotFound",
    "Forbidden",
    "NotSignedIn",
    "NoApiKey",
    "Conflict",
    "Invalid",
    "FieldError",
    "Message",
}


def refusal_texts(path: Path) -> Iterator[str]:
    """Yield the Chinese texts of the refusals of a module."""
    tree = ast.parse(path.read_text())
    for argument in _arguments(tree):
        joined = {id(piece) for piece in _joined(argument) for piece in ast.walk(piece)}
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and id(node) not in joined and CHINESE.search(str(node.value)):
                yield str(node.value)


def untranslatable_in_module(path: Path) -> Iterator[str]:
    """Yield texts of refusals that cannot be translated, because they are joined with values."""
    for argument in _arguments(ast.parse(path.read_text())):
        for joined in _joined(argument):
            if CHINESE.search(text := ast.unparse(joined)):
                yield text


def _joined(argument: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(argument):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod)):
            yield node


def _arguments(tree: ast.AST) -> Iterator[ast.expr]:
    """Yield the arguments of calls that create refusals, and the assigned values of variables among them."""
    names: set[str] = set()
    for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
        if _creates_refusal(call, _raised(tree)):
            arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
            yield from arguments
            names |= {node.id for argument in arguments for node in ast.walk(argument) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, _TEXT_NODES) and names & _targets(node):
            yield node.value


def _targets(assignment: ast.Assign) -> set[str]:
    return {target.id for target in assignment.targets if isinstance(target, ast.Name)}


def _raised(tree: ast.AST) -> set[str]:
    """Return the names of the module's own refusals: classes that it raises."""
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)} - set(dir(builtins))


def _creates_refusal(call: ast.Call, raised: set[str]) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "__init__"
    return isinstance(call.func, ast.Name) and call.func.id in _CLASSES | raised
