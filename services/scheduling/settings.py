"""Scheduling's settings. It holds the identity and contact keys, to compare ID numbers at the desk and to mail
people."""

from typing import ClassVar

from shared.wiring.settings import Settings


class SchedulingSettings(Settings):
    """See shared.wiring.settings.Settings."""

    SERVICE: ClassVar[str] = "scheduling"
