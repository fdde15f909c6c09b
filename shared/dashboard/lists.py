"""Lists: one table of a service as its staff read it, with search, filters, export, and actions that call the service's own.

A service's pages.py makes a ListView per table. Nothing can be created, edited, imported or deleted through a list.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
from jinja2 import Environment
from sqlalchemy import Select, false, or_, select
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import func
from starlette.requests import Request
from starlette_admin.actions import ActionSelection
from starlette_admin.contrib.sqlmodel import ModelView
from starlette_admin.exceptions import ActionFailed
from starlette_admin.views import RowActionsDisplayType, RowActionsPosition

from shared.dashboard.columns import Badged, Text
from shared.dashboard.exports import SafeCsv, SafeXlsx
from shared.dashboard.notices import notify
from shared.errors import Refusal
from shared.process import Process
from shared.signin import Actor

_NAMED_REFUSALS = 3


@dataclass(frozen=True)
class Entry:
    """One thing that an action asks for; arrives as a keyword of `work`."""

    name: str
    label: str
    kind: str = "text"
    required: bool = True


@dataclass(frozen=True)
class ListAction:
    """An action of the service on the rows that are ticked, or on one row.

    `work(session, key, *, actor, now, **entries)` is the service's own action; each row has a transaction of its own, so
    one refusal does not hold up the others. `shown(row)` says for which rows it is offered.
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


class ListView(ModelView):
    """A list of one table. Subclasses set `fields` (columns.py) and, as needed, what follows.

    `detail_path`: where a row leads, with {key}. `roles`: who sees the list, besides those of the dashboard.
    `list_actions`: what can be done from here. `only`: a condition that every row keeps.
    """

    exporters = (SafeCsv(), SafeXlsx())
    importers = ()
    row_actions_display_type = RowActionsDisplayType.INLINE_LINKS
    row_actions_position = RowActionsPosition.AFTER_COLUMNS
    page_size = 25
    page_size_options = (25, 50, 100, 200)
    detail_path: str | None = None
    roles: tuple[str, ...] = ()
    list_actions: Sequence[ListAction] = ()
    intro: str = ""
    empty: str = "没有符合条件的记录。"
    only: ColumnElement[bool] | None = None

    def __init__(self, model: type[Any], *, key: str, title: str, icon: str) -> None:
        self.sortable_fields = [field.name for field in self.fields if field.orderable]
        self.searchable_fields = [field.name for field in self.fields if field.searchable]
        super().__init__(model, icon=icon, display_name=title, menu_label=title, key=key)
        self.by_name = {action.name: action for action in self.list_actions}
        self.pk_type: Any = self._pk_coerce

    # What core would offer and this house does not.

    def can_create(self, request: Request) -> bool:
        return False

    def can_edit(self, request: Request) -> bool:
        return False

    def can_delete(self, request: Request) -> bool:
        return False

    def can_import(self, request: Request) -> bool:
        return False

    def is_accessible(self, request: Request) -> bool:
        actor: Actor | None = request.state.actor
        return actor is not None and (not self.roles or actor.may(*self.roles, "auditor"))

    # Questions.

    def get_list_query(self, request: Request) -> Select[Any]:
        query = select(self.model)
        return query if self.only is None else query.where(self.only)

    def get_count_query(self, request: Request) -> Select[Any]:
        query = select(func.count()).select_from(self.model)
        return query if self.only is None else query.where(self.only)

    def get_search_query(self, request: Request, term: str) -> Any:
        """Rows that contain the term in a text column, or whose badge's title contains it."""
        clauses = []
        for field in self.get_fields_list(request):
            column = getattr(self.model, field.name, None)
            if column is None or not field.searchable:
                continue
            if isinstance(field, Text):
                clauses.append(column.icontains(term, autoescape=True))
            elif isinstance(field, Badged):
                named = [value for value, badge in field.badges.items() if term in badge.title]
                clauses += [column.in_(named)] if named else []
        return or_(*clauses) if clauses else false()

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        """The row, or None; a key that cannot be one is nobody's."""
        try:
            return await super().find_by_pk(request, pk)
        except ValueError:
            return None

    # Actions.

    def _init_batch_actions(self) -> None:
        for action in self.list_actions:
            self._actions[action.name] = _described(action)
            self._actions_handlers[action.name] = _on_rows(self, action)
        super()._init_batch_actions()
        self.actions = [action.name for action in self.list_actions] + ["export"]

    def _init_row_actions(self) -> None:
        for action in self.list_actions:
            self._row_actions[action.name] = _described(action)
            self._row_actions_handlers[action.name] = _on_row(self, action)
        super()._init_row_actions()
        self.row_actions = [action.name for action in self.list_actions]

    async def is_action_allowed(self, request: Request, name: str) -> bool:
        return name == "export" or await self.is_row_action_allowed(request, name)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        return name in self.by_name and bool(request.state.actor.may(*self.by_name[name].roles))

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        return await self.is_row_action_allowed(request, name) and self.by_name[name].shown(obj)


def _described(action: ListAction) -> dict[str, Any]:
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
    """The entries of an action as a form, made by the dashboard's own macro."""

    def form(request: Request, view_or_row: Any) -> str:
        templates: Environment = request.app.state.dashboard.templates.env
        return templates.get_template("entries.html").render(entries=action.entries) if action.entries else ""

    return form


def _on_rows(view: ListView, action: ListAction) -> Callable[..., Any]:
    async def handle(request: Request, selection: ActionSelection) -> None:
        await _work_on(request, view, action, await selection.pks())

    return handle


def _on_row(view: ListView, action: ListAction) -> Callable[..., Any]:
    async def handle(request: Request, pk: str) -> None:
        await _work_on(request, view, action, [pk])

    return handle


async def _work_on(request: Request, view: ListView, action: ListAction, keys: Sequence[Any]) -> None:
    form = await request.form()
    entries = {entry.name: str(form.get(entry.name, "")).strip() for entry in action.entries}
    if missing := [entry.label for entry in action.entries if entry.required and not entries[entry.name]]:
        raise ActionFailed(f"请填写：{'、'.join(missing)}。")
    refused = await anyio.to_thread.run_sync(_each, request, view, action, keys, entries)
    if len(refused) == len(keys):
        raise ActionFailed(_told(refused))
    notify(request, f"“{action.title}”已完成 {len(keys) - len(refused)} 条。")
    if refused:
        notify(request, f"另有 {len(refused)} 条未办理。{_told(refused)}", tone="warning")


def _each(
    request: Request, view: ListView, action: ListAction, keys: Sequence[Any], entries: dict[str, str]
) -> list[Refusal]:
    process: Process = request.app.state.process
    refused = []
    for key in keys:
        try:
            with process.database.transaction() as session:
                subject = key if isinstance(key, view.pk_type) else view.pk_type(key)
                action.work(session, subject, actor=request.state.actor.account, now=process.clock.now(), **entries)
        except Refusal as refusal:
            refused.append(refusal)
    return refused


def _told(refused: Sequence[Refusal]) -> str:
    reasons = list(dict.fromkeys(refusal.message for refusal in refused))
    more = f"另有 {len(reasons) - _NAMED_REFUSALS} 种原因。" if len(reasons) > _NAMED_REFUSALS else ""
    return "".join(reasons[:_NAMED_REFUSALS]) + more
