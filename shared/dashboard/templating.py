"""Jinja environment of the dashboards: adapts template sources to the CSP, adds filters for dates and amounts.

Used by frame.py.
"""

import re
from collections.abc import Callable
from datetime import date, datetime

from jinja2 import BaseLoader, Environment

from shared.foundation.clock import local
from shared.foundation.language import in_english, t
from shared.foundation.money import yuan

_SCRIPT = re.compile(r"<script(?![^>]*\snonce=)", re.IGNORECASE)
_NONCE = '<script nonce="{{ request.state.csp_nonce }}"'
# The inline handlers of the library's templates, and the hooks of frame.js that replace them.
_HANDLERS = {
    'onclick="applyColumnVisibility()"': 'data-lj="apply-columns"',
    'onchange="window.location = this.value"': 'data-lj="go-to-value"',
}
# Expressions in the library's templates that display texts of our actions, which must be translated.
_UNTRANSLATED = ("action.text", "action.confirmation", "action.submit_btn_text", "action.header or ''")
# Markup of the library's templates that is no valid HTML (starlette-admin 1.0.3), and what is meant.
_INVALID = (
    (re.compile(r"%}(\{\{ attr \}\}=)"), r"%} \1"),
    (re.compile(r'(<a class="\{\{ cls\([^>]*?)\s+type="button"'), r"\1"),
    (re.compile(r'<h5( class="modal-title"\s+id="modal-action-title"[^>]*>)</h5>'), r"<h2\1</h2>"),
)
_WEEKDAYS = "一二三四五六日"
# Actors in the audit log that are not accounts.
_SYSTEM_ACTORS = {
    "event": "其他业务的消息",
    "job": "系统任务",
    "timer": "到期自动处理",
    "rules": "系统规则",
    "student": "学员本人",
    "link": "一次性链接",
    "session": "登录者本人",
    "anonymous": "未登录者",
    "console": "控制台",
}


class StrictLoader(BaseLoader):
    """Adapts each template to a CSP without inline code. It changes the source, before any value is rendered."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, is_fresh = self._inner.get_source(environment, template)
        return make_strict(source), path, is_fresh

    def list_templates(self) -> list[str]:
        return self._inner.list_templates()


def make_strict(source: str) -> str:
    """Add a nonce to each script, replace inline handlers with hooks and invalid markup, and translate the texts of our
    actions."""
    for handler, hook in _HANDLERS.items():
        source = source.replace(handler, hook)
    for pattern, valid in _INVALID:
        source = pattern.sub(valid, source)
    for expression in _UNTRANSLATED:
        source = source.replace(f"{{{{ {expression} }}}}", f"{{{{ t({expression}) }}}}")
    return _SCRIPT.sub(_NONCE, source)


def configure(environment: Environment) -> None:
    """Set the loader and the filters of a dashboard's environment."""
    assert environment.loader is not None
    environment.loader = StrictLoader(environment.loader)
    environment.filters.update(moment=moment, clock=clock, day=day, yuan=yuan, percent=percent, acted_by=acted_by)


def moment(value: datetime | None) -> str:
    """Format a UTC time in China time, to the minute: 2021-11-22 09:30."""
    return f"{local(value):%Y-%m-%d %H:%M}" if value else "—"


def clock(value: datetime | None) -> str:
    """Format only the time of day, in China time: 09:30."""
    return f"{local(value):%H:%M}" if value else "—"


def day(value: date | datetime | None) -> str:
    """Format a date, or the China date of a time, with its weekday: 2021年11月22日 周一, Mon 22 Nov 2021."""
    if value is None:
        return "—"
    date_ = local(value).date() if isinstance(value, datetime) else value
    if in_english():
        return f"{date_:%a} {date_.day} {date_:%b %Y}"
    return f"{date_.year}年{date_.month}月{date_.day}日 周{_WEEKDAYS[date_.weekday()]}"


def month(value: date) -> str:
    """Format a month: 12月, Dec."""
    return f"{value:%b}" if in_english() else f"{value.month}月"


def acted_by(actor: str) -> str:
    """Return the display name of an audit entry's actor: the account, or a description of a system actor."""
    kind, _, name = actor.partition(":")
    if kind == "platform":
        return t("平台：{name}", name=name)
    return t(_SYSTEM_ACTORS.get(kind, actor))


def percent(part: float, whole: float) -> str:
    """Format a percentage: 62.5%; 0% if `whole` is 0."""
    return f"{100 * part / whole:.1f}".removesuffix(".0") + "%" if whole else "0%"
