"""The items of an interview sheet. Used by the tests of scores, and by the tests of pure rules."""

ITEMS = {"strategy": 3000, "innovation": 2500, "learning": 2000, "expression": 1500, "commitment": 1000}


def sheet(total: int) -> dict[str, int]:
    """Return items, in hundredths, that sum to `total` whole points of 100."""
    points = {}
    remaining = total * 100
    for item, greatest in ITEMS.items():
        points[item] = min(greatest, remaining)
        remaining -= points[item]
    return points
