"""Actions on the rows of a list. The service's action is called once per row, in its own transaction. Used by
lists.py."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from jinja2 import Environment
from starlette.requests import Request
from starlette_admin.actions import ActionSelection
from starlette_admin.exceptions import ActionFailed

from shared.dashboard.notices import notify
from shared.foundation.errors import Refusal
from shared.foundation.language import localize, t
from shared.http.fields import whole_form
from shared.wiring.process import Process

_MAX_REASONS = 3
_MOST_KEY_BITS = 63
KeyType = Callable[[Any], Any]


@dataclass(frozen=True)
class Entry:
    """An input field of an action. Its value is passed to `work` as a keyword argument."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True


@dataclass(frozen=True)
class ListAction:
    """An action of the service on the selected rows, or on one row.

    `work(uow, key, *, actor, now, **entries)` is the service's action. Each row has its own transaction, so that a
    refusal does not affect the other rows. `shown(row)`: whether the action is available for a row.
    """

    name: str
    title: str
    work: Callable[..., object]
    confirm: str
    roles: tuple[str, ...]
    icon: str = "fa-solid fa-check"
    tone: str = "primary"
    entries: Sequence[Entry] = ()
    shown: Callable[[Any], bool] = lambda row: True


def action_options(action: ListAction) -> dict[str, Any]:
    return {
        "name": action.name,
        "text": action.title,
        "confirmation": action.confirm,
        "header": action.title,
        "submit_btn_text": action.title,
        "submit_btn_class": f"btn btn-{action.tone}",
        "action_btn_class": f"btn btn-outline-{action.tone}",
        "icon_class": action.icon,
        "form": _form_of(action),
        "custom_response": False,
        "allow_empty_selection": False,
        "dedicated_button": False,
        "exclude_from_list": False,
        "exclude_from_detail": False,
        "modal_size": "md",
    }


def _form_of(action: ListAction) -> Callable[[Request, Any], str]:
    """Return a function that renders the input fields of an action, with the dashboard's macro."""

    def form(request: Request, view_or_row: Any) -> str:
        templates: Environment = request.app.state.dashboard.templates.env
        if not action.entries:
            return ""
        return templates.get_template("entries.html").render(request=request, entries=action.entries)

    return form


def on_rows(action: ListAction, key_type: KeyType) -> Callable[..., Any]:
    async def handle(request: Request, selection: ActionSelection) -> None:
        await _apply(request, action, key_type, await selection.pks())

    return handle


def on_row(action: ListAction, key_type: KeyType) -> Callable[..., Any]:
    async def handle(request: Request, pk: str) -> None:
        await _apply(request, action, key_type, [pk])

    return handle


async def _apply(request: Request, action: ListAction, key_type: KeyType, keys: Sequence[Any]) -> None:
    try:
        form = await whole_form(request)
    except Refusal as refusal:
        raise ActionFailed(localize(refusal)) from refusal
    entries = {entry.name: str(form.get(entry.name, "")).strip() for entry in action.entries}
    if missing := [entry.label for entry in action.entries if entry.required and not entries[entry.name]]:
        raise ActionFailed(t("请填写：{entries}。", entries=t("、").join(map(t, missing))))
    refused = await anyio.to_thread.run_sync(
        _apply_to_each, request, action, [key_of(key, key_type) for key in keys], entries
    )
    if len(refused) == len(keys):
        raise ActionFailed(_reasons(refused))
    count = len(keys) - len(refused)
    notify(request, t("“{action}”已完成 {count} 条。", action=t(action.title), count=count))
    if refused:
        not_done = t("另有 {count} 条未办理。", count=len(refused))
        notify(request, not_done + _reasons(refused), tone="warning")


def key_of(key: Any, key_type: KeyType) -> Any:
    """Convert a key to its column type. Raises ActionFailed for an invalid key."""
    try:
        value = key_type(str(key))
    except ValueError as error:
        raise ActionFailed(t("没有这条记录。")) from error
    if isinstance(value, int) and value.bit_length() > _MOST_KEY_BITS:
        raise ActionFailed(t("没有这条记录。"))
    return value


def _apply_to_each(request: Request, action: ListAction, keys: Sequence[Any], entries: dict[str, str]) -> list[Refusal]:
    process: Process = request.app.state.process
    refused = []
    for key in keys:
        try:
            with process.database.transaction() as uow:
                action.work(uow, key, actor=request.state.actor.account, now=process.clock.now(), **entries)
        except Refusal as refusal:
            refused.append(refusal)
    return refused


def _reasons(refused: Sequence[Refusal]) -> str:
    reasons = list(dict.fromkeys(localize(refusal) for refusal in refused))
    unnamed = len(reasons) - _MAX_REASONS
    more = t("另有 {count} 种原因。", count=unnamed) if unnamed > 0 else ""
    return "".join(reasons[:_MAX_REASONS]) + more
