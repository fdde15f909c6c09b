"""Business time: the system clock, or a demo clock that stands still and never goes back."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.foundation.clock import TravellingClock, local, make_clock
from shared.foundation.errors import Conflict

NOON = datetime(2021, 11, 22, 4, tzinfo=UTC)


def test_a_travelling_clock_stands_still_and_only_moves_forward(tmp_path):
    clock = TravellingClock(tmp_path / "clock")
    clock.set(NOON)
    clock.set(NOON)
    assert (clock.now(), clock.travels) == (NOON, True)
    with pytest.raises(Conflict, match="向前"):
        clock.set(NOON - timedelta(seconds=1))
    clock.set(NOON + timedelta(days=1))
    assert make_clock(f"travelling:{tmp_path / 'clock'}").now() == NOON + timedelta(days=1)


def test_the_system_clock_is_aware_and_local_converts_to_china_time():
    assert make_clock("system").now().utcoffset() == timedelta(0)
    assert local(NOON).isoformat() == "2021-11-22T12:00:00+08:00"
