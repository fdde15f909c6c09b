"""What of a message may be shown: everything but birth dates, which nobody needs here, and sealed values, of which the mask
stays. Called by actions and pages."""

from typing import Any

_NUMBERS = frozenset({"account_number", "tax_number"})
_LEFT_OUT = frozenset({"born_on"})


def masked(value: Any) -> Any:
    """The same tree without birth dates, with each sealed value replaced by its mask and account numbers cut to the last
    four."""
    if isinstance(value, dict):
        if {"sealed", "index", "mask"} <= value.keys():
            return value["mask"]
        return {
            name: _cut(inner) if name in _NUMBERS else masked(inner)
            for name, inner in value.items()
            if name not in _LEFT_OUT
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return value


def _cut(number: Any) -> str:
    return f"****{str(number)[-4:]}"
