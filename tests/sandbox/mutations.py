"""`python -m tests.sandbox.mutations --count 10000`: damaged and sound scans through the sandbox, and what they cost.

Nothing may be accepted that cannot be shown, and no sound file may be refused. tests/sandbox/test_mutations.py is the short form.
"""

import argparse
import io
import random
import resource
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from PIL import Image

from services.intake.rules.scans import CheckedScan, check_scan
from shared.foundation.errors import Invalid
from tests.sandbox import SANDBOX
from tests.sandbox.files import mutated, sound_files


@dataclass
class Tally:
    """What became of the files: refusals by code, files that were accepted and cannot be shown, and seconds."""

    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    not_shown: list[bytes] = field(default_factory=list)
    page_seconds: list[float] = field(default_factory=list)
    refusal_seconds: list[float] = field(default_factory=list)

    def add(self, content: bytes, declared: str) -> None:
        """Check one file."""
        began = time.perf_counter()
        try:
            checked = check_scan(content, declared, SANDBOX)
        except Invalid as refused:
            self.refused[refused.code] += 1
            self.refusal_seconds.append(time.perf_counter() - began)
            return
        self.accepted += 1
        self.page_seconds.append((time.perf_counter() - began) / max(len(checked.pages), 1))
        if not _is_shown(checked):
            self.not_shown.append(content)


def _is_shown(checked: CheckedScan) -> bool:
    """Return whether every page is a picture with something on it, or is named as nearly blank."""
    for number, picture in enumerate(checked.pages, start=1):
        image = Image.open(io.BytesIO(picture), formats=("JPEG",))
        image.load()
        darkest = image.convert("L").getextrema()[0]
        if number not in checked.blank_pages and not (isinstance(darkest, int | float) and darkest < 200):
            return False
    return bool(checked.pages)


def damaged_tally(seed: int, count: int) -> Tally:
    """Check `count` mutations of sound files."""
    rng, tally = random.Random(seed), Tally()
    sound = list(sound_files(rng, 45))
    for _ in range(count):
        declared, content = rng.choice(sound)
        tally.add(mutated(rng, content), declared)
    return tally


def sound_tally(seed: int, count: int) -> Tally:
    """Check `count` sound files."""
    tally = Tally()
    for declared, content in sound_files(random.Random(seed), count):
        tally.add(content, declared)
    return tally


def main() -> None:
    """Print both tallies, the medians, and the growth of this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--sound", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sound = sound_tally(given.seed, given.sound)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    damaged = damaged_tally(given.seed, given.count)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print_line = sys.stdout.write
    print_line(f"sound: {sound.accepted} accepted, refused {dict(sound.refused)}\n")
    print_line(f"damaged: {damaged.accepted} accepted, of which {len(damaged.not_shown)} cannot be shown\n")
    print_line(f"refused: {dict(damaged.refused.most_common())}\n")
    page, refusal = statistics.median(sound.page_seconds), statistics.median(damaged.refusal_seconds)
    print_line(f"median: {page * 1000:.0f} ms a page of a sound file, {refusal * 1000:.0f} ms a refusal\n")
    print_line(
        f"slowest page of a sound file {max(sound.page_seconds) * 1000:.0f} ms; this process grew by {grown:.0f} MB\n"
    )


if __name__ == "__main__":
    main()
