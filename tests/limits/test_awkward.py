"""No awkward value brings a server error; the short form of tests/limits/awkward.py."""

from pathlib import Path
from random import Random

from tests.limits.awkward import cases, run
from tests.limits.played import crawl, play, quiet


def test_no_route_or_list_answers_awkward_values_with_a_server_error(tmp_path: Path) -> None:
    with quiet():
        played = play(tmp_path)
        crawl(played, most=60)
        chosen = list(cases(played, Random(20211), most=4))
        statuses, failed = run(played, chosen)
    assert failed == []
    # Not all is refused at the gate: many values reach the actions.
    assert len({case.route for case in chosen}) > 180
    assert sum(count for (status, _kind), count in statuses.items() if status not in (401, 403)) > len(chosen) / 2
