"""Review's settings. Besides identity and contact, it holds the key for scans, because reviewers view them."""

from typing import ClassVar

from shared.adapters.keyring import Purpose
from shared.wiring.settings import Settings


class ReviewSettings(Settings):
    """See shared.wiring.settings.Settings."""

    SERVICE: ClassVar[str] = "review"
    TITLE: ClassVar[str] = "领军 · 评审录取"
    PURPOSES: ClassVar[tuple[Purpose, ...]] = ("identity", "contact", "scan")
