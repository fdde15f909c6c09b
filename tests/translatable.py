"""Extract the texts that users read from the source, for the tests of the translation catalogues.

In templates these are all Chinese strings; in Python those in pages, tables of titles and refusals.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from services.billing.rules.statements.layouts import LAYOUTS
from tests.refusing import CHINESE, refusal_texts

ROOT = Path(__file__).parent.parent
# Not translated: names of languages, the brand in titles, and the days of the week, which the code splits.
_UNTRANSLATED = {"中文", "领军 · ", "一二三四五六日"}
# Modules with titles outside of pages and states.
_TITLES = {
    "review": ("rules/ranking.py", "queries/overview.py"),
    "scheduling": ("queries/searches.py",),
    "portal": ("rules/sentences.py",),
}
_FRAME = ("http/security_headers.py", "dashboard", "http/web.py", "wiring/registry.py")


def templates_of(service: str) -> list[Path]:
    """Return the page templates of a service; `shared`: of the layout. Printed letters are Chinese only."""
    folder = ROOT / ("shared/dashboard/templates" if service == "shared" else f"services/{service}/templates")
    return sorted(folder.rglob("*.html"))


def modules_of(service: str) -> list[Path]:
    """Return the modules with texts for users, other than refusals."""
    if service == "shared":
        paths = [ROOT / "shared" / name for name in _FRAME]
        return [module for path in paths for module in (sorted(path.rglob("*.py")) if path.is_dir() else [path])]
    folder = ROOT / "services" / service
    titles = [folder / name for name in ("states.py", *_TITLES.get(service, ()))]
    return [*titles, *sorted((folder / "pages").rglob("*.py"))]


def refusing_modules(service: str) -> list[Path]:
    """Return all modules of a service with refusals for users. Those of settings are for operators."""
    folder = ROOT / ("shared" if service == "shared" else f"services/{service}")
    return [
        path for path in sorted(folder.rglob("*.py")) if "migrations" not in path.parts and path.name != "settings.py"
    ]


def template_texts(path: Path) -> Iterator[str]:
    """Yield the Chinese strings of a template."""
    for node in Environment(autoescape=True).parse(path.read_text()).find_all(nodes.Const):
        if isinstance(node.value, str) and CHINESE.search(node.value) and node.value not in _UNTRANSLATED:
            yield node.value.removeprefix("#")


def untranslatable_in_template(path: Path) -> Iterator[str]:
    """Yield Chinese that cannot be translated: text outside of `t`, or joined to a value before `t` is called."""
    tree = Environment(autoescape=True).parse(path.read_text())
    for data in tree.find_all(nodes.TemplateData):
        if CHINESE.search(data.data):
            yield data.data.strip()
    for joined in tree.find_all((nodes.Concat, nodes.Mod, nodes.Add)):
        for part in joined.iter_child_nodes():
            if isinstance(part, nodes.Const) and CHINESE.search(str(part.value)):
                yield str(part.value)


def _strings(tree: ast.AST) -> Iterator[str]:
    """Yield whole strings, without docstrings and pieces of f-strings."""
    pieces = {id(piece) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for piece in ast.walk(node)}
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in pieces | prose and CHINESE.search(str(node.value)):
            yield str(node.value)


def module_texts(path: Path) -> Iterator[str]:
    """Yield the Chinese strings of a module with pages or titles, without file names."""
    for text in _strings(ast.parse(path.read_text())):
        if not text.endswith((".pdf", ".xlsx")) and text not in _UNTRANSLATED:
            yield text


def texts_of(service: str) -> set[str]:
    """Return all texts of a service that users read; `shared`: of the layout."""
    texts = {text for path in templates_of(service) for text in template_texts(path)}
    texts |= {text for path in modules_of(service) for text in module_texts(path)}
    texts |= {text for path in refusing_modules(service) for text in refusal_texts(path)}
    if service == "billing":
        texts |= {layout.bank for layout in LAYOUTS}
    return texts


def catalogue_of(service: str) -> dict[str, str]:
    """Map msgid to msgstr in the English catalogue of a service (`shared`: of the layout)."""
    folder = (
        ROOT / ("shared/foundation" if service == "shared" else f"services/{service}") / "translations/en/LC_MESSAGES"
    )
    translations = {}
    for path in folder.glob("*.po"):
        with path.open("rb") as file:
            translations.update(
                {str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id}
            )
    return translations
