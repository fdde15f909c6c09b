"""Column types of lists, with Chinese labels: text, badge, money, moment, day, flag, number, masked value.

A service's pages declare them in a ListView. They define how a value is displayed, filtered and exported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from starlette.requests import Request
from starlette_admin.fields import BaseField, BooleanField, EnumField, IntegerField, StringField
from starlette_admin.i18n import lazy_gettext
from starlette_admin.types import RequestAction

from shared.dashboard import filters
from shared.foundation.clock import local
from shared.foundation.language import t
from shared.foundation.money import yuan


@dataclass(frozen=True)
class Badge:
    """The display of an enum value: its Chinese title and a Tabler colour (blue, green, yellow, red, secondary …)."""

    title: str
    tone: str = "secondary"


class _Column:
    """Base of the columns: a label in the reader's language, and separate values for display and export."""

    label: Any

    def __post_init__(self) -> None:
        self.label = lazy_gettext(self.label)
        super().__post_init__()  # type: ignore[misc]

    async def serialize_value(self, request: Request, value: Any) -> Any:
        """Return the value to export, or the value for the page's template."""
        return self.exported(value) if request.state.action == RequestAction.EXPORT else self.shown(value)

    def shown(self, value: Any) -> Any:
        return value

    def exported(self, value: Any) -> Any:
        return self.shown(value)


@dataclass
class Text(_Column, StringField):
    """A text, included in searches unless `searchable` is false."""

    list_template: str = "columns/text.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.TEXT
        super().__post_init__()

    def shown(self, value: Any) -> str:
        return str(value)


@dataclass
class Badged(_Column, EnumField):
    """An enum value as a coloured badge. `labels` maps stored values to badges."""

    labels: Mapping[str, Badge] = field(default_factory=dict)
    list_template: str = "columns/badge.html"
    detail_template: str = "columns/badge.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.BADGE
        self.choices = [(value, lazy_gettext(badge.title)) for value, badge in self.labels.items()]
        super().__post_init__()

    def shown(self, value: Any) -> Badge:
        plain = value.value if isinstance(value, Enum) else value
        return self.labels.get(plain, Badge(str(plain)))

    def exported(self, value: Any) -> str:
        return t(self.shown(value).title)


@dataclass
class Number(_Column, IntegerField):
    """A whole number, right-aligned."""

    list_template: str = "columns/number.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.NUMBER
        super().__post_init__()


@dataclass
class Money(Number):
    """An amount in fen, displayed and filtered in yuan, exported as a number of yuan."""

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.MONEY
        super().__post_init__()

    def shown(self, value: int) -> str:
        return yuan(value)

    def exported(self, value: int) -> Decimal:
        return Decimal(value) / 100


@dataclass
class Moment(_Column, StringField):
    """A UTC time, displayed in China time to the minute, filtered by days of China time."""

    list_template: str = "columns/plain.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.MOMENT
        super().__post_init__()

    def shown(self, value: datetime) -> str:
        return f"{local(value):%Y-%m-%d %H:%M}"

    def exported(self, value: datetime) -> datetime:
        return local(value).replace(tzinfo=None)


@dataclass
class Day(_Column, StringField):
    """A date."""

    list_template: str = "columns/plain.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.DAY
        super().__post_init__()

    def shown(self, value: date) -> str:
        return value.isoformat()

    def exported(self, value: date) -> date:
        return value


@dataclass
class Flag(_Column, BooleanField):
    """A boolean, displayed as one of two badges."""

    yes: Badge = field(default=Badge("是", "green"))
    no: Badge = field(default=Badge("否", "secondary"))
    list_template: str = "columns/badge.html"
    detail_template: str = "columns/badge.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.FLAG
        super().__post_init__()

    def shown(self, value: bool) -> Badge:
        return self.yes if value else self.no

    def exported(self, value: bool) -> str:
        return t(self.shown(value).title)


@dataclass
class Masked(_Column, BaseField):
    """The mask of a sealed value, from a JSON column with a Sealed or from a column with the mask itself."""

    list_template: str = "columns/plain.html"
    detail_template: str = "columns/plain.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.NONE
        self.searchable = self.orderable = False
        super().__post_init__()

    def shown(self, value: Any) -> str:
        return str(value["mask"] if isinstance(value, Mapping) else getattr(value, "mask", value))


@dataclass
class Titled(_Column, BaseField):
    """A JSON list of values, replaced by their titles in `titles` if any, joined by 、."""

    titles: Mapping[str, str] = field(default_factory=dict)
    list_template: str = "columns/plain.html"
    detail_template: str = "columns/plain.html"

    def __post_init__(self) -> None:
        self.filters = self.filters or filters.NONE
        self.searchable = self.orderable = False
        super().__post_init__()

    def shown(self, value: Any) -> str:
        return t("、").join(t(self.titles.get(str(word), str(word))) for word in value)
