"""Computes delays: from the response to the case in review, and from a fault to full recovery.

Called by run.py for its tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.faults.evidence import Evidence
from tests.faults.ledger import Accepted, Ledger
from tests.faults.plan import Fault, kind_of


@dataclass(frozen=True)
class InjectedFault:
    """An injected fault. `began_at`: seconds since the epoch."""

    fault: Fault
    began_at: float


@dataclass(frozen=True)
class Recovery:
    """All faults of one kind. `away`: median downtime in seconds.

    `usual` (median) and `worst`: seconds from the fault until an application that was posted later was handled
    everywhere and its mail sent. `worst` is None if that never happened.
    """

    kind: str
    act: str
    count: int
    away: float
    usual: float | None
    worst: float | None


def handled_after(ledger: Ledger, evidence: Evidence) -> list[float]:
    """Return the sorted seconds from the 201 response to the case in review; 0 if the case came first."""
    handled = evidence.done_at.get("review", {})
    known = [entry for entry in ledger.accepted if entry.application_id in handled]
    return sorted(max(handled[entry.application_id] - entry.answered_at, 0.0) for entry in known)


def recoveries(injected: Sequence[InjectedFault], ledger: Ledger, evidence: Evidence) -> list[Recovery]:
    """Return one row per kind of process and of fault."""
    arrived = sorted((entry.sent_at, _arrived_at(entry, evidence)) for entry in ledger.accepted)
    groups: dict[tuple[str, str], list[InjectedFault]] = {}
    for one in injected:
        groups.setdefault((kind_of(one.fault.target), one.fault.act), []).append(one)
    rows = []
    for (kind, act), ones in sorted(groups.items()):
        took = [_recovery(one.began_at, arrived) for one in ones]
        known = [seconds for seconds in took if seconds is not None]
        worst = max(known) if known and len(known) == len(took) else None
        away = median(one.fault.lasts for one in ones)
        rows.append(Recovery(kind, act, len(ones), away, median(known) if known else None, worst))
    return rows


def _arrived_at(entry: Accepted, evidence: Evidence) -> float | None:
    moments = [done.get(entry.application_id) for done in evidence.done_at.values()]
    return None if None in moments else max(moment for moment in moments if moment is not None)


def _recovery(began_at: float, arrived: Sequence[tuple[float, float | None]]) -> float | None:
    after = [moment for sent_at, moment in arrived if sent_at >= began_at and moment is not None]
    return min(after) - began_at if after else None
