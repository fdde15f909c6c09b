"""Scaffolds: a new service, event or page that passes `make check`, for `lingjun new`.

Each function writes files from the templates of this folder and the entries by hand that the rest needs. It refuses, before it
writes anything, what exists already.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from shared.foundation.errors import Conflict, Invalid
from shared.wiring.registry import DEFAULT

_TEMPLATES = Environment(  # noqa: S701 (source code, not HTML)
    loader=FileSystemLoader(Path(__file__).parent),
    block_start_string="[%",
    block_end_string="%]",
    variable_start_string="[[",
    variable_end_string="]]",
    comment_start_string="[#",
    comment_end_string="#]",
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
)
_NAME = re.compile(r"[a-z]+")
_SHARED_CATALOGUE = "shared/foundation/translations/en/LC_MESSAGES/lingjun.po"
_REGISTRY = "shared/wiring/registry.py"


def new_service(root: Path, name: str, *, title: str, title_en: str, summary: str, summary_en: str) -> list[Path]:
    """Write a service with one table, one page, an API, translations and tests; return the files that were written.

    `title` and `summary`: Chinese, for the pages and the portal's link. The service gets a role of its own name. Raises
    Invalid or Conflict.
    """
    _check_name(name)
    folder = root / "services" / name
    if folder.exists() or (root / "tests" / name).exists():
        raise Conflict("服务 {name} 已存在，请换一个名称。", code="service-exists", values={"name": name})
    values = {"name": name, "Name": name.capitalize(), "role": name, "summary": summary_en, "texts": _SERVICE_TEXTS}
    written = [_render(source, folder / _place(source, name), values) for source in _sources("service")]
    written += [_render(source, root / "tests" / name / _place(source, name), values) for source in _sources("tests")]
    (root / "tests" / name / "__init__.py").touch()
    shutil.copy(root / "requirements/shared.txt", root / f"requirements/{name}.txt")
    _insert(root / _REGISTRY, '    "auditor",\n    "administrator",\n]', f'    "{name}",\n')
    _insert(root / _REGISTRY, '    "auditor": ', f'    "{name}": "{title}",\n')
    spec = _TEMPLATES.get_template("spec.py.j2").render(name=name, title=title, summary=summary)
    _insert(root / _REGISTRY, '    ServiceSpec(\n        name="portal",', spec)
    _insert(root / "pyproject.toml", 'portal = ["', f"{name} = []\n")
    _insert(root / "docs/architecture.md", "| `portal` |", f"| `{name}` | {summary_en} |\n")
    _translate(root / _SHARED_CATALOGUE, {title: title_en, summary: summary_en})
    _run(root, "tools.deployment")
    return written


def new_event(root: Path, publisher: str, name: str, *, title: str, title_en: str) -> list[Path]:
    """Write the contract of an event about an application, and its sentence for the timeline; return the changed files.

    `name`: a class name in the past tense, such as CertificateRevoked. Subscribers are entries in the registry and handlers.
    Raises Invalid or Conflict.
    """
    _check_service(root, publisher)
    if not re.fullmatch(r"([A-Z][a-z]+)+", name):
        raise Invalid("事件名须为大驼峰英文，如 CertificateRevoked。", code="event-name")
    snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    kind, module = f"{publisher}.{snake}.v1", root / f"shared/events/{publisher}.py"
    if module.exists() and f'"{kind}"' in module.read_text(encoding="utf-8"):
        raise Conflict("事件 {kind} 已存在，请换一个名称。", code="event-exists", values={"kind": kind})
    contract = _TEMPLATES.get_template("event.py.j2").render(Name=name, kind=kind, part=snake.split("_")[0])
    if not module.exists():
        module.write_text(_TEMPLATES.get_template("events.py.j2").render(publisher=publisher), encoding="utf-8")
    module.write_text(f"{module.read_text(encoding='utf-8').rstrip()}\n\n\n{contract}", encoding="utf-8")
    sentences = root / "services/portal/rules/sentences.py"
    _insert(sentences, _SENTENCES_END, f'    "{kind}": ("{title}", "blue", _nothing),\n')
    catalogue = root / "services/portal/translations/en/LC_MESSAGES/portal.po"
    _translate(catalogue, {title: title_en})
    _run(root, "tools.event_docs")
    return [module, sentences, catalogue]


def new_page(root: Path, service: str, page: str, *, title: str, title_en: str) -> list[Path]:
    """Write a page of a service with its link, template and test; return the files that were written.

    Raises Invalid or Conflict.
    """
    _check_name(page)
    _check_service(root, service)
    folder = root / "services" / service
    module = folder / "pages" / f"{page}.py"
    if module.exists():
        raise Conflict("页面 {page} 已存在，请换一个名称。", code="page-exists", values={"page": page})
    values = {"name": service, "Name": service.capitalize(), "page": page, "title": title, "summary": title_en}
    test = root / "tests" / service / f"test_page_{page}.py"
    places = {"page.py": module, "page.html": folder / "templates" / f"{service}_{page}.html", "test_page.py": test}
    written = [_render(f"page/{source}.j2", place, values) for source, place in places.items()]
    _add_part(folder / "pages/__init__.py", service, page)
    prefix = "" if service == DEFAULT.name else f"/{service}"
    _insert(
        folder / "pages/__init__.py",
        "    return dashboard\n",
        f'    dashboard.link("{title}", "{prefix}/{page}", "fa-regular fa-file")\n',
    )
    _translate(folder / f"translations/en/LC_MESSAGES/{service}.po", {title: title_en})
    _run(root, "ruff", "check", "--quiet", "--fix", "--select", "I", str(folder / "pages/__init__.py"))
    _run(root, "ruff", "format", "--quiet", str(folder / "pages/__init__.py"))
    return written


_SENTENCES_END = "}\n_VARYING = "
_SERVICE_TEXTS = (
    ("没有这条记录，请刷新页面后重新选择。", "There is no such item: reload the page and choose again."),
    (
        "内容须为 1 至 {longest} 个字，请修改后再提交。",
        "The text must have 1 to {longest} characters: change it, then submit again.",
    ),
    ("概况", "Overview"),
    ("最新记录", "Newest items"),
    ("内容", "Content"),
    ("办结", "Finish"),
    ("添加", "Add"),
    ("添加记录", "Add an item"),
    ("待办", "To do"),
    ("已办", "Done"),
    ("已添加。", "Added."),
    ("已办结。", "Finished."),
)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise Invalid("名称只用小写英文字母，如 alumni。", code="name")


def _check_service(root: Path, name: str) -> None:
    if not _NAME.fullmatch(name) or not (root / "services" / name / "settings.py").exists():
        raise Invalid(
            "没有名为“{name}”的服务，请先建立它：lingjun new service。", code="service", values={"name": name}
        )


def _sources(kind: str) -> list[str]:
    return sorted(name for name in _TEMPLATES.list_templates() if name.startswith(f"{kind}/"))


def _place(source: str, name: str) -> str:
    path = source.partition("/")[2].removesuffix(".j2")
    named = {
        "catalogue.po": f"translations/en/LC_MESSAGES/{name}.po",
        "migration.py": f"migrations/versions/{name}_0001.py",
        "templates/overview.html": f"templates/{name}_overview.html",
    }
    return named.get(path, path)


def _render(source: str, target: Path, values: Mapping[str, object]) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(_TEMPLATES.get_template(source).render(values), encoding="utf-8")
    return target


def _insert(path: Path, before: str, text: str) -> None:
    """Insert `text` before the one place that begins with `before`."""
    content = path.read_text(encoding="utf-8")
    if content.count(before) != 1:
        raise Conflict(
            "{path} 里找不到插入的位置，请手工添加：{text}", code="no-place", values={"path": path, "text": text}
        )
    path.write_text(content.replace(before, text + before), encoding="utf-8")


def _translate(catalogue: Path, texts: Mapping[str, str]) -> None:
    content = catalogue.read_text(encoding="utf-8").rstrip()
    for chinese, english in texts.items():
        if f'msgid "{chinese}"\n' not in content:
            content += f'\n\nmsgid "{chinese}"\nmsgstr "{english}"'
    catalogue.write_text(f"{content}\n", encoding="utf-8")


def _add_part(init: Path, service: str, page: str) -> None:
    content = init.read_text(encoding="utf-8")
    content = re.sub(r"^for part in \((.*?),?\):$", rf"for part in (\1, {page}):", content, flags=re.MULTILINE)
    content = re.sub(
        rf"^from services\.{service}\.pages import (.*)$",
        rf"from services.{service}.pages import \1, {page}",
        content,
        flags=re.MULTILINE,
    )
    init.write_text(content, encoding="utf-8")


def _run(root: Path, module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=root, check=True, capture_output=True)
