"""Billing's settings. It writes to invoice addresses and keeps the payers' bank accounts, so it holds those two purposes' keys."""

from typing import ClassVar

from shared.keyring import Purpose
from shared.settings import Settings


class BillingSettings(Settings):
    """See shared.settings.Settings."""

    SERVICE: ClassVar[str] = "billing"
    TITLE: ClassVar[str] = "领军 · 缴费结算"
    PURPOSES: ClassVar[tuple[Purpose, ...]] = ("bank", "contact")
