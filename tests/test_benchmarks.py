"""The rows of `make bench` run and gives figures; how high they are is for the table to say, not for a test."""

from collections.abc import Iterator

import pytest

from benchmarks.__main__ import every_row
from benchmarks.applications import body_of, open_programme, requests
from benchmarks.ground import Ground
from benchmarks.measure import Effort, Line, Row, measured, times_better
from benchmarks.table import lines_of
from services.intake.rules.applications import check_application
from services.intake.schemas import ApplicationIn
from shared.events.intake import Programme
from shared.foundation.clock import real_now
from tests.servers import keeper

TINY = Effort(rounds=1, seconds=0.2, events=20)
# These run nothing that another row does not, with other numbers or more processes, and take long to start.
ALIKE = ("accept-4", "latency-1000", "house")
ROWS = [row for row in every_row() if row.key not in ALIKE]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as opened:
        yield opened


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_entry_of_a_row_gives_a_positive_figure_and_a_line(row: Row, ground: Ground) -> None:
    try:
        lines = measured(row, ground, TINY, lambda _told: None)
    except keeper.NotHere as missing:
        pytest.skip(str(missing))
    assert [line for line in lines if line.middle <= 0] == []
    assert lines[0].entry.startswith("Lingjun")
    assert len(list(lines_of(row, lines))) == len(lines) + 4


def test_applications_of_the_load_are_valid_and_all_of_different_people_and_firms():
    now = real_now()
    programme = Programme.model_validate(open_programme(now))
    bodies = [ApplicationIn.model_validate(body_of(serial)) for serial in (*range(40), 165_001, 3_000_000)]
    assert [check_application(body, programme, now=now) for body in bodies] == [[]] * len(bodies)
    assert len({body.student.identity_number for body in bodies}) == len(bodies)
    assert len({body.firm.credit_code for body in bodies}) == len(bodies)


def test_a_prepared_request_says_its_own_length():
    (request,) = requests(7, 1, port=80, path="/door", key="secret")
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Authorization: Bearer secret" in head


def test_more_of_a_rate_is_better_and_less_of_a_delay():
    assert times_better(Line("a", "x/s", [8.0]), Line("b", "x/s", [2.0])) == 4.0
    assert times_better(Line("a", "p50 ms", [2.0]), Line("b", "p50 ms", [8.0])) == 4.0
