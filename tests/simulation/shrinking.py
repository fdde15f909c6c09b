"""Shrinks a failing history: finds the smallest set of faults, possibly none, with which the world still fails."""

import time
from collections.abc import Callable, Sequence

from tests.simulation.world import History

Play = Callable[[Sequence[int]], History]
SECONDS = 60.0


def shrink(failing: History, play: Play, *, seconds: float = SECONDS) -> History:
    """Remove faults by delta debugging, first in halves and then in smaller parts, while the world still fails.

    `play(occasions)` plays the same seed with only the faults of these occasions. Stops after `seconds` of CPU time.
    """
    ends = time.process_time() + seconds
    best, occasions, parts = failing, [fault.occasion for fault in failing.faults], 1
    while occasions and parts <= len(occasions) and time.process_time() < ends:
        size = -(-len(occasions) // parts)
        for start in range(0, len(occasions), size):
            fewer = occasions[:start] + occasions[start + size :]
            tried = play(fewer)
            if tried.failure:
                best, occasions, parts = tried, [fault.occasion for fault in tried.faults], max(parts - 1, 1)
                break
            if time.process_time() >= ends:
                break
        else:
            parts = parts * 2 if parts < len(occasions) else len(occasions) + 1
    return best


def format_history(history: History) -> str:
    """Return the history step by step, its faults, and the command that repeats it."""
    faults = [f"  at occasion {fault.occasion}: {fault.place}: {fault.kind}" for fault in history.faults]
    return "\n".join(
        [
            *history.log,
            f"FAILED after {history.steps} steps: {history.failure}",
            f"{len(faults)} faults:",
            *faults,
            f"again: make simulate SEED={history.seed}",
        ]
    )
