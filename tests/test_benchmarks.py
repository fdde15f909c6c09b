"""The rows of `make bench` run and give figures. How high the figures are is not tested."""

from collections.abc import Iterator

import pytest

from benchmarks.applications import body_of, open_programme, requests
from benchmarks.command import every_row
from benchmarks.ground import Ground
from benchmarks.measure import Effort, Line, Row, measure_row, times_better
from benchmarks.table import lines_of
from services.intake.rules.applications import check_application
from services.intake.schemas import ApplicationIn
from shared.events.intake import Programme
from shared.foundation.clock import real_now
from tests.servers import keeper

TINY = Effort(rounds=1, seconds=0.2, events=20)
# These rows repeat another row with other sizes or more processes, and take long to start.
REDUNDANT = ("accept-4", "latency-1000", "house")
ROWS = [row for row in every_row() if row.key not in REDUNDANT]


@pytest.fixture(scope="module")
def ground() -> Iterator[Ground]:
    with Ground() as opened_ground:
        yield opened_ground


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.key)
def test_every_entry_of_a_row_has_a_positive_value_and_a_line(row: Row, ground: Ground) -> None:
    try:
        lines = measure_row(row, ground, TINY, lambda _message: None)
    except keeper.NotHere as missing:
        pytest.skip(str(missing))
    assert [line for line in lines if line.middle <= 0] == []
    assert lines[0].entry.startswith("Lingjun")
    assert len(list(lines_of(row, lines))) == len(lines) + 4


def test_load_applications_are_valid_and_of_different_people_and_firms():
    now = real_now()
    programme = Programme.model_validate(open_programme(now))
    bodies = [ApplicationIn.model_validate(body_of(serial)) for serial in (*range(40), 165_001, 3_000_000)]
    assert [check_application(body, programme, now=now) for body in bodies] == [[]] * len(bodies)
    assert len({body.student.identity_number for body in bodies}) == len(bodies)
    assert len({body.firm.credit_code for body in bodies}) == len(bodies)


def test_a_prepared_request_has_the_right_content_length():
    (request,) = requests(7, 1, port=80, path="/applications", key="secret")
    head, _, body = request.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Authorization: Bearer secret" in head


def test_a_higher_rate_and_a_lower_delay_are_better():
    assert times_better(Line("a", "x/s", [8.0]), Line("b", "x/s", [2.0])) == 4.0
    assert times_better(Line("a", "p50 ms", [2.0]), Line("b", "p50 ms", [8.0])) == 4.0
