"""Compares the ledger with the evidence: accepted = handled, none lost or doubled. Called by run.py and the tests."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tests.faults.evidence import Evidence, Place
from tests.faults.ledger import Ledger


@dataclass(frozen=True)
class Line:
    """One guarantee with its numbers. `examples`: the first violations."""

    text: str
    holds: bool
    examples: tuple[str, ...] = ()


def compare(ledger: Ledger, evidence: Evidence) -> list[Line]:
    """Return all lines. The run succeeds if every line holds."""
    ids = [entry.application_id for entry in ledger.accepted]
    return [
        Line(f"accepted: {len(ids)}", bool(ids)),
        _none("accepted twice", [key for key, times in Counter(ids).items() if times > 1]),
        _none("never answered", ledger.unanswered),
        _none("refused", ledger.refused),
        *[line for title, place in evidence.places.items() for line in _exactly_once(title, place, ledger)],
        _none("dead letters", evidence.dead),
        _none("failed jobs", evidence.failed_jobs),
        _none("breaks in the audit chains", evidence.broken_audits),
    ]


def _exactly_once(title: str, place: Place, ledger: Ledger) -> list[Line]:
    expected = {getattr(entry, place.key) for entry in ledger.accepted}
    found = place.found
    return [
        _none(f"{title}: {len(found)}, lost", sorted(expected - set(found))),
        _none(f"{title}: doubled", sorted(key for key, times in found.items() if times > 1)),
        _none(f"{title}: never accepted", sorted(set(found) - expected)),
    ]


def _none(title: str, broken: Iterable[str]) -> Line:
    listed = list(broken)
    return Line(f"{title}: {len(listed)}", not listed, tuple(listed[:5]))
