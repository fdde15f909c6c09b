"""Filters of a list's filter builder per column type, with Chinese labels. Used by columns.py.

Amounts are entered in yuan, times as days of Asia/Shanghai.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette_admin.contrib.sqla import filters as sqla
from starlette_admin.filters import FilterApplyContext
from starlette_admin.filters.base import BaseFilter, FilterDataType, FilterValidationError
from starlette_admin.i18n import lazy_gettext as _

from shared.foundation.clock import SHANGHAI, parse_day
from shared.foundation.language import t


def _single(raw: Any) -> str:
    """Restore a single value: the library splits it at commas and keeps its quotes."""
    return ",".join(raw).strip('"') if isinstance(raw, list) else str(raw)


class Contains(sqla.ContainsFilter):
    label = _("包含")

    def parse_value(self, raw: Any) -> str:
        return _single(raw)


class Is(sqla.EqualFilter):
    label = _("等于")

    def parse_value(self, raw: Any) -> str:
        return _single(raw)


class IsNot(sqla.NotEqualFilter):
    label = _("不等于")

    def parse_value(self, raw: Any) -> str:
        return _single(raw)


class IsEmpty(sqla.IsNullFilter):
    label = _("为空")


class IsGiven(sqla.IsNotNullFilter):
    label = _("不为空")


class Equals(sqla.NumericEqualFilter):
    label = _("等于")


class AtLeast(sqla.GreaterThanOrEqualFilter):
    label = _("不少于")


class AtMost(sqla.LessThanOrEqualFilter):
    label = _("不多于")


class Yes(sqla.IsTrueFilter):
    label = _("是")


class No(sqla.IsFalseFilter):
    label = _("否")


def _fen(raw: Any) -> int:
    try:
        return int(Decimal(_single(raw).replace(",", "")) * 100)
    except InvalidOperation as error:
        raise FilterValidationError(t("金额应为数字，单位为元。")) from error


class EqualsYuan(Equals):
    def parse_value(self, raw: Any) -> int:
        return _fen(raw)


class AtLeastYuan(AtLeast):
    def parse_value(self, raw: Any) -> int:
        return _fen(raw)


class AtMostYuan(AtMost):
    def parse_value(self, raw: Any) -> int:
        return _fen(raw)


class _OfDay(BaseFilter):
    """A comparison with a day. `bound` converts a day to the column's type: the day itself, or its first instant."""

    data_type = FilterDataType.DATE

    def parse_value(self, raw: Any) -> date:
        try:
            return parse_day(str(raw))
        except ValueError as error:
            raise FilterValidationError(t("日期应写作 2021-11-22 这样的形式。")) from error

    def bound(self, day: date) -> Any:
        return day

    def column(self, context: FilterApplyContext) -> Any:
        return getattr(context.view.model, context.field_name)  # type: ignore[union-attr]


class _OnDay(_OfDay):
    name = "on"
    label = _("在这一天")

    def apply(self, ctx: FilterApplyContext) -> Any:
        column = self.column(ctx)
        return (column >= self.bound(ctx.value)) & (column < self.bound(ctx.value + timedelta(days=1)))


class _FromDay(_OfDay):
    name = "from"
    label = _("从这一天起")

    def apply(self, ctx: FilterApplyContext) -> Any:
        return self.column(ctx) >= self.bound(ctx.value)


class _UntilDay(_OfDay):
    name = "until"
    label = _("到这一天止")

    def apply(self, ctx: FilterApplyContext) -> Any:
        return self.column(ctx) < self.bound(ctx.value + timedelta(days=1))


def _first_instant(_filter: _OfDay, day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


class OnLocalDay(_OnDay):
    bound = _first_instant


class FromLocalDay(_FromDay):
    bound = _first_instant


class UntilLocalDay(_UntilDay):
    bound = _first_instant


TEXT: list[type[BaseFilter]] = [Contains, Is, IsEmpty, IsGiven]
BADGE: list[type[BaseFilter]] = [Is, IsNot, IsEmpty, IsGiven]
NUMBER: list[type[BaseFilter]] = [Equals, AtLeast, AtMost]
MONEY: list[type[BaseFilter]] = [EqualsYuan, AtLeastYuan, AtMostYuan]
MOMENT: list[type[BaseFilter]] = [OnLocalDay, FromLocalDay, UntilLocalDay, IsEmpty, IsGiven]
DAY: list[type[BaseFilter]] = [_OnDay, _FromDay, _UntilDay, IsEmpty, IsGiven]
FLAG: list[type[BaseFilter]] = [Yes, No]
NONE: list[type[BaseFilter]] = []
