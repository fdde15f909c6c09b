"""Hostile bodies do not raise the memory of a web process; the short form of tests/limits/hostile.py."""

from pathlib import Path

from tests.limits.hostile import MOST_GROWTH_MEGABYTES, hostile_requests, intake_process, send_all

EXPECTED = {
    "nested, no key": 401,
    "nested, no key, chunked": 401,
    "nested": 413,
    "nested, chunked": 413,
    "100,000 consents": 413,
    "consents below the limit": 422,
    "unknown fields below the limit": 422,
    "deep below the limit": 400,
    "long number below the limit": 400,
    "long text below the limit": 422,
    "large scan": 413,
    "large scan, chunked": 413,
    "form, no session": 401,
    "form on a link": 404,
}


def test_hostile_bodies_are_refused_and_the_process_does_not_grow(tmp_path: Path) -> None:
    assert EXPECTED.keys() == {one.name for one in hostile_requests()}
    with intake_process(tmp_path) as target:
        target.warm_up()
        before = target.peak_kilobytes()
        answers = send_all(target, 3 * len(EXPECTED))
        grown = (target.peak_kilobytes() - before) / 1024
    assert answers == dict.fromkeys(EXPECTED.items(), 3)
    assert grown < MOST_GROWTH_MEGABYTES
