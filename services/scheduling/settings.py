"""Scheduling's settings. It compares identity numbers at the desk and writes to people, so it holds those two purposes."""

from typing import ClassVar

from shared.adapters.keyring import Purpose
from shared.wiring.settings import Settings


class SchedulingSettings(Settings):
    """See shared.wiring.settings.Settings."""

    SERVICE: ClassVar[str] = "scheduling"
    TITLE: ClassVar[str] = "领军 · 面试与教学"
    PURPOSES: ClassVar[tuple[Purpose, ...]] = ("identity", "contact")
