"""Days that people type: inside the years in which a date of the platform can be."""

from datetime import date

import pytest

from shared.dashboard.history import typed_moment
from shared.foundation.clock import parse_day
from shared.foundation.errors import Invalid


def test_a_day_is_read_as_it_is_written():
    assert [parse_day(text) for text in ("2021-12-06", "1900-01-01", "2199-12-31")] == [
        date(2021, 12, 6),
        date(1900, 1, 1),
        date(2199, 12, 31),
    ]


@pytest.mark.parametrize(
    "text", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31", "2021-02-30", "6.12.2021", ""]
)
def test_a_day_that_cannot_be_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        parse_day(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00", "9999-12-31T23:59", "2021-12-06T24:01", "x"])
def test_a_moment_that_cannot_be_is_refused_and_never_overflows(text):
    with pytest.raises(Invalid) as refused:
        typed_moment(text, field="at")
    assert refused.value.field_errors[0].field == "/at"
