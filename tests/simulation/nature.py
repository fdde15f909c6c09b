"""Deterministic time and randomness of a world: the world moves both clocks, and all random values come from its seed.

Used by world.py. Typst is replaced: other tests cover the documents' layout, which would take most of the time here.
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

PDF = b"%PDF-1.4 simulated"


class SimulatedClock:
    """Business time (`now`) advances by the world's calendar; real time (`real`) advances with every step."""

    travels = True

    def __init__(self, start: datetime) -> None:
        self._now = start
        self.real = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def move(self, moment: datetime) -> None:
        """Advance business time to `moment`; never move it back."""
        self._now = max(self._now, moment)

    def pass_real(self, span: timedelta) -> None:
        """Advance real time by `span`."""
        self.real += span


@contextmanager
def tuned_gc() -> Iterator[None]:
    """Run the garbage collector rarely, and only on objects of the world. By default it takes a fifth of the time."""
    thresholds = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextmanager
def deterministic(seed: int, clock: SimulatedClock) -> Iterator[None]:
    """Within the block, ids and keys come from the seed, and leases and retries use the world's real time."""
    rng = Random(f"{seed}:chance")

    def compile_pdf(*_arguments: Any, **_options: Any) -> bytes:
        return PDF

    def real_now() -> datetime:
        return clock.real

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with (
        patch.object(os, "urandom", rng.randbytes),
        patch.object(typst, "compile", compile_pdf),
        patch("shared.jobs.job.real_now", real_now),
        patch("shared.jobs.dispatcher.real_now", real_now),
        patch("shared.jobs.worker.real_now", real_now),
        patch("services.portal.actions.dead_letters.real_now", real_now),
    ):
        try:
            yield
        finally:
            structlog.configure(**before)
