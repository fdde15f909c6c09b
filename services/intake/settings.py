"""Intake's settings. Intake seals all incoming personal data, so it holds the keys of every purpose."""

from typing import ClassVar

from shared.wiring.settings import Settings


class IntakeSettings(Settings):
    """See shared.wiring.settings.Settings."""

    SERVICE: ClassVar[str] = "intake"
