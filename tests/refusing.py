"""What refusals say, read out of the source: for the tests that hold the catalogues to it.

Every Chinese string in the making of a refusal, a fault or words (shared/foundation/errors.py) is taken to be said, and so is one that
was given a name first. Values go in by name: joined into the sentence, they hide it from the catalogues.
"""

import ast
import builtins
import re
from collections.abc import Iterator
from pathlib import Path

CHINESE = re.compile(r"[\u4e00-\u9fff]")
_WRITTEN = (ast.Constant, ast.JoinedStr, ast.BinOp, ast.IfExp, ast.Dict)
_TOLD = {"Refusal", "NotFound", "Forbidden", "NotSignedIn", "Conflict", "Invalid", "FieldError", "Message"}


def refused_in_module(path: Path) -> Iterator[str]:
    """The Chinese sentences and words that a module refuses with."""
    tree = ast.parse(path.read_text())
    for spoken in _spoken(tree):
        joined = {id(piece) for piece in _joined(spoken) for piece in ast.walk(piece)}
        for node in ast.walk(spoken):
            if isinstance(node, ast.Constant) and id(node) not in joined and CHINESE.search(str(node.value)):
                yield str(node.value)


def unsayable_in_module(path: Path) -> Iterator[str]:
    """Sentences of refusals that no catalogue can know: values are joined into them before they are told."""
    for spoken in _spoken(ast.parse(path.read_text())):
        for joined in _joined(spoken):
            if CHINESE.search(text := ast.unparse(joined)):
                yield text


def _joined(spoken: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(spoken):
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod)):
            yield node


def _spoken(tree: ast.AST) -> Iterator[ast.expr]:
    """The arguments with which refusals and words are made, and what their names stand for in the module."""
    names: set[str] = set()
    for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
        if _is_told(call, _raised(tree)):
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            yield from given
            names |= {node.id for argument in given for node in ast.walk(argument) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, _WRITTEN) and names & _targets(node):
            yield node.value


def _targets(assignment: ast.Assign) -> set[str]:
    return {target.id for target in assignment.targets if isinstance(target, ast.Name)}


def _raised(tree: ast.AST) -> set[str]:
    """The refusals of one's own that a module raises by calling them."""
    calls = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)]
    return {call.func.id for call in calls if isinstance(call.func, ast.Name)} - set(dir(builtins))


def _is_told(call: ast.Call, raised: set[str]) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr == "__init__"
    return isinstance(call.func, ast.Name) and call.func.id in _TOLD | raised
