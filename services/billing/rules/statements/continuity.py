"""Check that a statement connects with those imported before. Called by billing's upload and import actions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.billing.rules.statements.transactions import CHINA
from shared.foundation.money import yuan


@dataclass(frozen=True)
class Span:
    """The half-open period of a statement and the balances at its ends, in fen; None if the bank prints none."""

    covers_from: datetime
    covers_to: datetime
    opening_fen: int | None
    closing_fen: int | None


def breaks(span: Span, imported: Sequence[Span]) -> tuple[str, ...]:
    """Return all breaks that a person must confirm before `span` joins the `imported` statements of the same account.
    Empty if it connects: no whole day is missing or repeated, and each opening balance equals the preceding closing
    balance."""
    if not imported:
        return ()
    found = []
    before = [each for each in imported if each.covers_from < span.covers_from]
    after = [each for each in imported if each.covers_from >= span.covers_from]
    if before:
        found += _between(max(before, key=lambda each: each.covers_to), span)
    if after:
        found += _between(span, min(after, key=lambda each: each.covers_from))
    return tuple(found)


def _between(earlier: Span, later: Span) -> list[str]:
    """Compare two neighbours. In an overlap the balances at the ends prove nothing, so they are compared only if the
    periods meet."""
    last, first = _last_day(earlier), _day(later.covers_from)
    if first <= last and earlier.covers_to > later.covers_from:
        return [f"与已导入的对账单重叠：{first} 至 {min(last, _last_day(later))}。重叠部分中已入账的流水不会重复入账。"]
    found = []
    if first > last + timedelta(days=1):
        found.append(f"缺少 {last + timedelta(days=1)} 至 {first - timedelta(days=1)} 的对账单。")
    if earlier.closing_fen is None or later.opening_fen is None:
        found.append("文件没有余额，无法核对与前后对账单是否衔接。")
    elif earlier.closing_fen != later.opening_fen:
        found.append(
            f"余额不衔接：前一份期末 {yuan(earlier.closing_fen)} 元，后一份期初 {yuan(later.opening_fen)} 元。"
        )
    return found


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA).date()


def _last_day(span: Span) -> date:
    """Return the last day of a half-open period: one that ends at midnight does not contain the day that begins
    then."""
    return _day(max(span.covers_to - timedelta(microseconds=1), span.covers_from))
