"""The working-day table: published days, provisional days, and edits by the office."""

from datetime import date, timedelta

import pytest

from services.scheduling.rules.calendar import (
    LAST_KNOWN_YEAR,
    CalendarDay,
    DayKind,
    day_kind,
    default_calendar,
    is_adjusted_working_day,
    is_holiday,
    is_working_day,
)
from shared.foundation.errors import Invalid

TABLE = default_calendar([2021, 2022])


def test_the_table_holds_every_day_of_its_years_once():
    assert sorted(TABLE) == [date(2021, 1, 1) + timedelta(days=n) for n in range(365 + 365)]


def test_the_fourteen_weekends_worked_in_2021_and_2022_are_working_days():
    adjusted = [on for on in TABLE if is_adjusted_working_day(TABLE, on)]
    assert adjusted == [
        date(2021, 2, 7),
        date(2021, 2, 20),
        date(2021, 4, 25),
        date(2021, 5, 8),
        date(2021, 9, 18),
        date(2021, 9, 26),
        date(2021, 10, 9),
        date(2022, 1, 29),
        date(2022, 1, 30),
        date(2022, 4, 2),
        date(2022, 4, 24),
        date(2022, 5, 7),
        date(2022, 10, 8),
        date(2022, 10, 9),
    ]
    assert all(is_working_day(TABLE, on) and not is_holiday(TABLE, on) for on in adjusted)


def test_spring_festival_2022_is_seven_days_off_weekdays_included():
    assert [on.day for on in TABLE if on.year == 2022 and on.month == 2 and is_holiday(TABLE, on)] == [1, 2, 3, 4, 5, 6]
    assert TABLE[date(2022, 1, 31)] == CalendarDay(date(2022, 1, 31), DayKind.HOLIDAY, "春节")


def test_an_ordinary_weekend_is_no_holiday_and_no_working_day():
    assert day_kind(TABLE, date(2021, 12, 25)) == DayKind.WEEKEND
    assert not is_holiday(TABLE, date(2021, 12, 25))
    assert not is_working_day(TABLE, date(2021, 12, 25))


def test_published_years_are_settled_and_later_years_are_provisional():
    later = default_calendar([LAST_KNOWN_YEAR + 1])
    assert not any(day.provisional for day in TABLE.values())
    assert all(day.provisional for day in later.values())
    assert later[date(LAST_KNOWN_YEAR + 1, 10, 1)].holiday == "国庆节"


def test_the_last_days_of_the_last_published_year_may_still_move():
    last = default_calendar([LAST_KNOWN_YEAR])
    assert [on.day for on, day in last.items() if day.provisional] == [26, 27, 28, 29, 30, 31]


def test_an_office_may_declare_a_working_day_off():
    on = date(2022, 3, 1)
    edited = {**TABLE, on: CalendarDay(on, DayKind.HOLIDAY, "校庆")}
    assert (is_working_day(TABLE, on), is_working_day(edited, on)) == (True, False)


def test_a_day_outside_the_table_is_refused_with_advice():
    with pytest.raises(Invalid, match="补充 2023 年"):
        is_working_day(TABLE, date(2023, 1, 1))


def test_a_year_before_the_source_begins_is_refused():
    with pytest.raises(Invalid, match="没有 1999 年的放假安排"):
        default_calendar([1999])
