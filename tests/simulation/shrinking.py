"""From a failing world to the shortest history that still fails: without faults if it can be, else with as few as can be."""

import time
from collections.abc import Callable, Sequence

from tests.simulation.world import History

Play = Callable[[Sequence[int]], History]
SECONDS = 60.0


def shortest(failing: History, play: Play, *, seconds: float = SECONDS) -> History:
    """Takes faults away, half of them at a time and then ever smaller parts (delta debugging), while the world still fails;
    stops after `seconds` of computing. `play(occasions)` plays the same seed with only the faults of these occasions."""
    ends = time.process_time() + seconds
    best, kept, parts = failing, [fault.occasion for fault in failing.faults], 1
    while kept and parts <= len(kept) and time.process_time() < ends:
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            fewer = kept[:start] + kept[start + size :]
            tried = play(fewer)
            if tried.failure:
                best, kept, parts = tried, [fault.occasion for fault in tried.faults], max(parts - 1, 1)
                break
            if time.process_time() >= ends:
                break
        else:
            parts = parts * 2 if parts < len(kept) else len(kept) + 1
    return best


def told(history: History) -> str:
    """The history step by step, its faults, and the command that plays it again."""
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
