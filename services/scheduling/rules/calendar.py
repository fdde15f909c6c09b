"""Working days in China: an editable table of days, and functions that read it.

Called by the plan rules and checks. Actions fill the table with `default_calendar` and store edits as rows.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

import chinese_calendar
from chinese_calendar import constants

from shared.foundation.errors import FieldError, Invalid

FIRST_KNOWN_YEAR: int = min(constants.holidays).year
LAST_KNOWN_YEAR: int = max(constants.holidays).year
# The State Council publishes a year's holidays in the November before; it may still move the days around its New Year.
SETTLED_UNTIL = date(LAST_KNOWN_YEAR, 12, 25)
SATURDAY = 5

# Holidays with a fixed date, 全国年节及纪念日放假办法 (2024 revision, article 2). Lunar holidays are not guessed.
FIXED_HOLIDAYS = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}


class DayKind(StrEnum):
    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    ADJUSTED_WORKING = "adjusted_working"


@dataclass(frozen=True)
class CalendarDay:
    """One day of the table. `provisional` marks a guess, because the holidays of its year are not published yet."""

    on: date
    kind: DayKind
    holiday: str = ""
    provisional: bool = False


Calendar = Mapping[date, CalendarDay]


def default_calendar(years: Iterable[int]) -> dict[date, CalendarDay]:
    """Return every day of these years as the State Council published it (source: chinesecalendar), provisional after
    that.

    Raises Invalid for a year before the first that the source knows. The same years give the same table.
    """
    table: dict[date, CalendarDay] = {}
    for year in sorted(set(years)):
        if not FIRST_KNOWN_YEAR <= year < date.max.year:
            raise Invalid(
                "没有 {year} 年的放假安排，请选择 {first} 年及以后的年份。",
                code="calendar_year_unknown",
                field_errors=[FieldError("years", "calendar_year_unknown", str(year))],
                values={"year": year, "first": FIRST_KNOWN_YEAR},
            )
        day = date(year, 1, 1)
        while day.year == year:
            table[day] = _published_day(day) if year <= LAST_KNOWN_YEAR else _guessed_day(day)
            day += timedelta(days=1)
    return table


def _published_day(day: date) -> CalendarDay:
    is_off, english_name = chinese_calendar.get_holiday_detail(day)
    name = chinese_calendar.Holiday(english_name).chinese if english_name else ""
    if is_off:
        kind = DayKind.HOLIDAY if name else DayKind.WEEKEND
    else:
        kind = DayKind.ADJUSTED_WORKING if day.weekday() >= SATURDAY else DayKind.WORKING
    return CalendarDay(day, kind, name, provisional=day > SETTLED_UNTIL)


def _guessed_day(day: date) -> CalendarDay:
    name = FIXED_HOLIDAYS.get((day.month, day.day), "")
    if name:
        return CalendarDay(day, DayKind.HOLIDAY, name, provisional=True)
    kind = DayKind.WEEKEND if day.weekday() >= SATURDAY else DayKind.WORKING
    return CalendarDay(day, kind, provisional=True)


def day_kind(calendar: Calendar, on: date) -> DayKind:
    """Return the kind of a day. Raises Invalid if the table does not contain the day."""
    if on not in calendar:
        raise Invalid(
            "工作日历中没有 {on}，请先在工作日历中补充 {year} 年。",
            code="calendar_day_missing",
            field_errors=[FieldError("calendar", "calendar_day_missing", on.isoformat())],
            values={"on": on.isoformat(), "year": on.year},
        )
    return calendar[on].kind


def is_working_day(calendar: Calendar, on: date) -> bool:
    """Return True on ordinary working days and on weekends worked in exchange for a holiday (调休)."""
    return day_kind(calendar, on) in (DayKind.WORKING, DayKind.ADJUSTED_WORKING)


def is_holiday(calendar: Calendar, on: date) -> bool:
    """Return True on every day of a published holiday period (放假), exchanged days off included; False on plain
    weekends."""
    return day_kind(calendar, on) is DayKind.HOLIDAY


def is_adjusted_working_day(calendar: Calendar, on: date) -> bool:
    """Return True on a Saturday or Sunday that is worked in exchange for a holiday (调休)."""
    return day_kind(calendar, on) is DayKind.ADJUSTED_WORKING
