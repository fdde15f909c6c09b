"""The short form of tests/sandbox/mutations.py: damaged files are refused or shown, sound ones are accepted."""

from tests.sandbox.mutations import damaged_tally, sound_tally


def test_no_damaged_file_is_accepted_that_cannot_be_shown() -> None:
    tally = damaged_tally(20211, 200)
    assert tally.not_shown == []
    assert tally.refused.total() > 50


def test_no_sound_file_is_refused() -> None:
    tally = sound_tally(20212, 60)
    assert not tally.refused
    assert tally.accepted == 60
    assert tally.not_shown == []
