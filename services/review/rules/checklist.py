"""What still stands in the way of an application's authenticity (notice, clauses 5.3 and 5.4.1). Called by actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.review.states import VERDICT_TITLES, Verdict
from shared.events.intake import RequiredScan


@dataclass(frozen=True)
class Check:
    """A reviewer's finding on one scan: what it shows, and whether the firm's seal is on it."""

    verdict: Verdict
    seal: bool


def obstacles(required: Sequence[RequiredScan], checks: Mapping[str, Check], *, consented: bool) -> list[str]:
    """Everything that is missing, in words for the reviewer; empty when the case may pass. `checks` is by scan kind."""
    found = [] if consented else ["学员尚未本人确认同意书"]
    for scan in required:
        check = checks.get(scan.kind)
        if check is None:
            found.append(f"“{scan.title}”尚未核对")
        elif check.verdict != Verdict.PASSED:
            found.append(f"“{scan.title}”{VERDICT_TITLES[check.verdict]}")
        elif not check.seal:
            found.append(f"“{scan.title}”未见公章")
    return found
