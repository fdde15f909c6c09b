"""Mask messages for display: remove birth dates, which the portal does not need, and show masks of sealed values.

Called by actions and pages.
"""

from typing import Any

_NUMBERS = frozenset({"account_number", "tax_number"})
_REMOVED = frozenset({"born_on"})


def masked(value: Any) -> Any:
    """Return a copy without birth dates, with masks in place of sealed values.

    Account and tax numbers are reduced to their last four characters.
    """
    if isinstance(value, dict):
        if {"sealed", "index", "mask"} <= value.keys():
            return value["mask"]
        return {
            name: _last_four(inner) if name in _NUMBERS else masked(inner)
            for name, inner in value.items()
            if name not in _REMOVED
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def _last_four(number: Any) -> str:
    return f"****{str(number)[-4:]}"
