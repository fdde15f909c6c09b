"""Checklist of the authenticity check (notice, clauses 5.3 and 5.4.1). Called by actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.review.states import VERDICT_TITLES, Verdict
from shared.events.intake import RequiredScan
from shared.foundation.errors import Message


@dataclass(frozen=True)
class Check:
    """A reviewer's check of one scan: the verdict, and whether the firm's seal is on it."""

    verdict: Verdict
    seal: bool


def obstacles(required: Sequence[RequiredScan], checks: Mapping[str, Check], *, consented: bool) -> list[Message]:
    """Return everything missing, as messages for the reviewer; empty if the case may pass. `checks` is keyed by scan
    kind."""
    found = [] if consented else [Message("学员尚未本人确认同意书")]
    for scan in required:
        check = checks.get(scan.kind)
        if check is None:
            found.append(Message("“{scan}”尚未核对", {"scan": scan.title}))
        elif check.verdict != Verdict.PASSED:
            found.append(
                Message("“{scan}”{verdict}", {"scan": scan.title, "verdict": Message(VERDICT_TITLES[check.verdict])})
            )
        elif not check.seal:
            found.append(Message("“{scan}”未见公章", {"scan": scan.title}))
    return found
