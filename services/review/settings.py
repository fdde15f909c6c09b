"""Review's settings. Besides identity and contact, it holds the key for scans, because reviewers view them."""

from typing import ClassVar

from shared.wiring.settings import Settings


class ReviewSettings(Settings):
    """See shared.wiring.settings.Settings."""

    SERVICE: ClassVar[str] = "review"
