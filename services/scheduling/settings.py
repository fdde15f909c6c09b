"""Scheduling's settings. It compares identity numbers at the desk and writes to people, so it holds those two purposes."""

from typing import ClassVar

from shared.keyring import Purpose
from shared.settings import Settings


class SchedulingSettings(Settings):
    """See shared.settings.Settings."""

    SERVICE: ClassVar[str] = "scheduling"
    TITLE: ClassVar[str] = "领军 · 面试与教学"
    PURPOSES: ClassVar[tuple[Purpose, ...]] = ("identity", "contact")
