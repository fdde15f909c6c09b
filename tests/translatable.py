"""What the product says to people, read out of its source: for the tests that hold the catalogues to it.

In templates every Chinese string is taken to be said, in Python what stands in a page, a table of titles or a refusal.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from services.billing.rules.layouts import LAYOUTS
from tests.refusing import CHINESE, refused_in_module

ROOT = Path(__file__).parent.parent
SERVICES = ("intake", "review", "scheduling", "billing", "portal")
# Names of languages are written in their own; the frame cuts the brand off a title and the days of the week apart.
_AS_THEY_ARE = {"中文", "领军 · ", "一二三四五六日"}
# Titles that stand outside of pages and states.
_TITLES = {
    "review": ("rules/ranking.py", "queries/overview.py"),
    "scheduling": ("queries/searches.py",),
    "portal": ("rules/sentences.py",),
}
_FRAME = ("http/security_headers.py", "dashboard", "http/web.py")


def templates_of(service: str) -> list[Path]:
    """The templates of pages; `shared` are those of the frame. Letters are Chinese and no part of this."""
    folder = ROOT / ("shared/dashboard/templates" if service == "shared" else f"services/{service}/templates")
    return sorted(folder.rglob("*.html"))


def modules_of(service: str) -> list[Path]:
    """The modules that speak to people besides refusing."""
    if service == "shared":
        found = [ROOT / "shared" / name for name in _FRAME]
        return [module for path in found for module in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    folder = ROOT / "services" / service
    named = [folder / name for name in ("states.py", *_TITLES.get(service, ()))]
    return [*named, *sorted((folder / "pages").rglob("*.py"))]


def refusing_modules(service: str) -> list[Path]:
    """Every module of a service that may refuse a person; settings refuse who installs it."""
    folder = ROOT / ("shared" if service == "shared" else f"services/{service}")
    return [
        path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts and path.name != "settings.py"
    ]


def said_in_template(path: Path) -> Iterator[str]:
    """The Chinese strings of a template."""
    for node in Environment(autoescape=True).parse(path.read_text()).find_all(nodes.Const):
        if isinstance(node.value, str) and CHINESE.search(node.value) and node.value not in _AS_THEY_ARE:
            yield node.value.removeprefix("#")


def unsaid_in_template(path: Path) -> Iterator[str]:
    """Chinese that can never be English: written into the page itself, or joined to a value before `t` sees it."""
    tree = Environment(autoescape=True).parse(path.read_text())
    for data in tree.find_all(nodes.TemplateData):
        if CHINESE.search(data.data):
            yield data.data.strip()
    for joined in tree.find_all((nodes.Concat, nodes.Mod, nodes.Add)):
        for part in joined.iter_child_nodes():
            if isinstance(part, nodes.Const) and CHINESE.search(str(part.value)):
                yield str(part.value)


def _strings(tree: ast.AST) -> Iterator[str]:
    """Whole strings: neither docstrings nor the pieces of an f-string."""
    pieces = {id(piece) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in ast.walk(node)}
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in pieces | prose and CHINESE.search(str(node.value)):
            yield str(node.value)


def said_in_module(path: Path) -> Iterator[str]:
    """The Chinese strings of a module of pages or titles; names of files are no part of it."""
    for text in _strings(ast.parse(path.read_text())):
        if not text.endswith((".pdf", ".xlsx")) and text not in _AS_THEY_ARE:
            yield text


def said_by(service: str) -> set[str]:
    """Everything that a service says; `shared`: the frame."""
    found = {text for path in templates_of(service) for text in said_in_template(path)}
    found |= {text for path in modules_of(service) for text in said_in_module(path)}
    found |= {text for path in refusing_modules(service) for text in refused_in_module(path)}
    if service == "billing":
        found |= {layout.bank for layout in LAYOUTS}
    return found if service == "shared" else found | {_name_of(service)}


def _name_of(service: str) -> str:
    settings = (ROOT / f"services/{service}/settings.py").read_text()
    return re.findall(r'TITLE: ClassVar\[str\] = "领军 · (.*)"', settings)[0]


def catalogue_of(service: str) -> dict[str, str]:
    """The English of a service (`shared`: of the frame): msgid -> msgstr."""
    folder = (
        ROOT / ("shared/foundation" if service == "shared" else f"services/{service}") / "translations/en/LC_MESSAGES"
    )
    found = {}
    for path in folder.glob("*.po"):
        with path.open("rb") as file:
            found.update({str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id})
    return found
