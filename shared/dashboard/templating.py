"""Templates of the dashboards: nonces and hooks put into their source, filters for people's dates and amounts.

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
# The inline handlers of the library's templates; frame.js does what they did.
_HANDLERS = {
    'onclick="applyColumnVisibility()"': 'data-lj="apply-columns"',
    'onchange="window.location = this.value"': 'data-lj="go-to-value"',
}
# What the library's templates say of our actions is our own text, not yet in the reader's language.
_SAYINGS = ("action.text", "action.confirmation", "action.submit_btn_text", "action.header or ''")
_WEEKDAYS = "一二三四五六日"
# Actors of the audit log that are no accounts.
_NOBODYS = {
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
    """Makes every template fit a policy without inline code: in its source, before any value is filled in."""

    def __init__(self, inner: BaseLoader) -> None:
        self._inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, path, is_fresh = self._inner.get_source(environment, template)
        return fitting(source), path, is_fresh

    def list_templates(self) -> list[str]:
        return self._inner.list_templates()


def fitting(source: str) -> str:
    """The source with a nonce on every script, hooks instead of inline handlers, and our sayings translated."""
    for handler, hook in _HANDLERS.items():
        source = source.replace(handler, hook)
    for saying in _SAYINGS:
        source = source.replace(f"{{{{ {saying} }}}}", f"{{{{ t({saying}) }}}}")
    return _SCRIPT.sub(_NONCE, source)


def furnish(environment: Environment) -> None:
    """Puts the loader and the filters into a dashboard's environment."""
    assert environment.loader is not None
    environment.loader = StrictLoader(environment.loader)
    environment.filters.update(moment=moment, clock=clock, day=day, yuan=yuan, percent=percent, acted_by=acted_by)


def moment(value: datetime | None) -> str:
    """A UTC time as people in China read it, to the minute: 2021-11-22 09:30."""
    return f"{local(value):%Y-%m-%d %H:%M}" if value else "—"


def clock(value: datetime | None) -> str:
    """Only the time of day: 09:30."""
    return f"{local(value):%H:%M}" if value else "—"


def day(value: date | datetime | None) -> str:
    """A date with its weekday: 2021年11月22日 周一, Mon 22 Nov 2021. Of a time, the day that it is in China."""
    if value is None:
        return "—"
    date_ = local(value).date() if isinstance(value, datetime) else value
    if in_english():
        return f"{date_:%a} {date_.day} {date_:%b %Y}"
    return f"{date_.year}年{date_.month}月{date_.day}日 周{_WEEKDAYS[date_.weekday()]}"


def month(value: date) -> str:
    """12月, Dec."""
    return f"{value:%b}" if in_english() else f"{value.month}月"


def acted_by(actor: str) -> str:
    """Who did an audited act, for people: an account as it is, what no person did in words."""
    kind, _, name = actor.partition(":")
    if kind == "platform":
        return t("平台：{name}", name=name)
    return t(_NOBODYS.get(kind, actor))


def percent(part: float, whole: float) -> str:
    """62.5%, 0% of nothing."""
    return f"{100 * part / whole:.1f}".removesuffix(".0") + "%" if whole else "0%"
