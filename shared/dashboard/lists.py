"""List views: a table of a service with search, filters, export, and buttons for the service's actions.

A service's pages define a ListView per table. A list cannot create, edit, import or delete rows.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, false, inspect, or_, select
from sqlalchemy.exc import DataError
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import func
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette_admin.contrib.sqlmodel import ModelView
from starlette_admin.exceptions import ActionFailed
from starlette_admin.fields import StringField
from starlette_admin.types import ListParams
from starlette_admin.views import RowActionsDisplayType, RowActionsPosition

from shared.dashboard.actions import ListAction, action_options, key_of, on_row, on_rows
from shared.dashboard.columns import Badged, Text
from shared.dashboard.exports import SafeCsv, SafeXlsx, export_form
from shared.foundation.language import t
from shared.http.auth import CurrentUser

LAST_PAGE = 1_000_000


class ListView(ModelView):
    """A list of one table. Subclasses set `fields` (columns.py) and the following attributes as needed.

    `detail_path`: path of a row's page, with {key}. `roles`: roles that may see the list, empty for all of the
    dashboard.
    `list_actions`: the actions on its rows. `only`: a condition on the rows.
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
        # The library requires the key among the fields, even if the list displays a number instead.
        (key_column,) = inspect(model).primary_key
        if key_column.name not in [field.name for field in self.fields]:
            self.fields = (*self.fields, _hidden(key_column.name))
        super().__init__(model, icon=icon, display_name=title, menu_label=title, key=key)
        if self._pk_coerce is object:  # what SQLModel's text columns name as their type
            self._pk_coerce = str
        self.by_name = {action.name: action for action in self.list_actions}

    # Features of the library that are disabled.

    def can_create(self, request: Request) -> bool:
        return False

    def can_edit(self, request: Request) -> bool:
        return False

    def can_delete(self, request: Request) -> bool:
        return False

    def can_import(self, request: Request) -> bool:
        return False

    def is_accessible(self, request: Request) -> bool:
        actor: CurrentUser | None = request.state.actor
        return actor is not None and (not self.roles or actor.may(*self.roles, "auditor"))

    @property
    def pk_type(self) -> Any:
        """Return the Python type of the primary key, which converts the key in a URL."""
        return self._pk_coerce

    # Queries.

    def _parse_list_params(self, request: Request, query_params: QueryParams | None = None) -> ListParams:
        """Refuse a page that no database can count to."""
        parsed = super()._parse_list_params(request, query_params)
        if parsed.page > LAST_PAGE:
            raise HTTPException(400)
        return parsed

    def get_list_query(self, request: Request) -> Select[Any]:
        query = select(self.model)
        return query if self.only is None else query.where(self.only)

    def get_count_query(self, request: Request) -> Select[Any]:
        query = select(func.count()).select_from(self.model)
        return query if self.only is None else query.where(self.only)

    def get_search_query(self, request: Request, term: str) -> Any:
        """Return the condition for rows with the term in a text column or in a badge's title."""
        clauses = []
        for field in self.get_fields_list(request):
            column = getattr(self.model, field.name, None)
            if column is None or not field.searchable:
                continue
            if isinstance(field, Text):
                clauses.append(column.icontains(term, autoescape=True))
            elif isinstance(field, Badged):
                values = [value for value, badge in field.labels.items() if term.lower() in t(badge.title).lower()]
                clauses += [column.in_(values)] if values else []
        return or_(*clauses) if clauses else false()

    async def find_by_pk(self, request: Request, pk: Any) -> Any:
        """Return the row, or None, also for an invalid key."""
        try:
            return await super().find_by_pk(request, pk)
        except (ValueError, OverflowError, DataError):
            return None

    async def find_by_pks(self, request: Request, pks: list[Any]) -> Sequence[Any]:
        """Return the rows with these keys. An invalid key has none."""
        try:
            return await super().find_by_pks(request, [key for key in pks if self._is_key(key)])
        except DataError:  # PostgreSQL has no U+0000
            return []

    def _is_key(self, key: Any) -> bool:
        try:
            key_of(key, self.pk_type)
        except ActionFailed:
            return False
        return True

    # Actions.

    def _init_batch_actions(self) -> None:
        for action in self.list_actions:
            self._actions[action.name] = action_options(action)
            self._actions_handlers[action.name] = on_rows(action, self.pk_type)
        super()._init_batch_actions()
        options: dict[str, Any] = self._actions["export"]
        options["form"] = export_form
        self.actions = [action.name for action in self.list_actions] + ["export"]

    def _init_row_actions(self) -> None:
        for action in self.list_actions:
            self._row_actions[action.name] = action_options(action)
            self._row_actions_handlers[action.name] = on_row(action, self.pk_type)
        super()._init_row_actions()
        self.row_actions = [action.name for action in self.list_actions]

    async def is_action_allowed(self, request: Request, name: str) -> bool:
        return name == "export" or await self.is_row_action_allowed(request, name)

    async def is_row_action_allowed(self, request: Request, name: str) -> bool:
        return name in self.by_name and bool(request.state.actor.may(*self.by_name[name].roles))

    async def is_row_action_allowed_for_obj(self, request: Request, name: str, obj: Any) -> bool:
        return await self.is_row_action_allowed(request, name) and self.by_name[name].shown(obj)


def _hidden(name: str) -> StringField:
    return StringField(
        name,
        searchable=False,
        orderable=False,
        exclude_from_list=True,
        exclude_from_detail=True,
        exclude_from_export=True,
    )
