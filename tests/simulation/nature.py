"""Time and chance as a world has them: both clocks stand still until the world moves them, and all chance comes of its seed.

Used by world.py. Paper is not set: what a letter looks like is tested elsewhere, and takes most of the time here.
"""

import gc
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from unittest.mock import patch

import structlog
import typst

PAPER = b"%PDF-1.4 simulated"


class SimulatedClock:
    """Business time (`now`), which moves by the world's calendar, and real time (`real`), which every step takes."""

    travels = True

    def __init__(self, start: datetime) -> None:
        self._now = start
        self.real = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, moment: datetime) -> None:
        """Business time moves on, never back."""
        self._now = max(self._now, moment)

    def pass_real(self, span: timedelta) -> None:
        """Real time passes."""
        self.real += span


@contextmanager
def unswept() -> Iterator[None]:
    """Within, the interpreter looks for garbage seldom, and only in what the world made: a fifth of the time otherwise."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextmanager
def ruled_by(seed: int, clock: SimulatedClock) -> Iterator[None]:
    """Within, ids and keys come of the seed, and leases and retries see the world's real time."""
    rng = Random(f"{seed}:chance")

    def paper(*_given: Any, **_options: Any) -> bytes:
        return PAPER

    def real_now() -> datetime:
        return clock.real

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with (
        patch.object(os, "urandom", rng.randbytes),
        patch.object(typst, "compile", paper),
        patch("shared.jobs.job.real_now", real_now),
        patch("shared.jobs.dispatcher.real_now", real_now),
        patch("shared.jobs.worker.real_now", real_now),
        patch("services.portal.actions.dead_letters.real_now", real_now),
    ):
        try:
            yield
        finally:
            structlog.configure(**before)
