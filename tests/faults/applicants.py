"""Generates any number of different applications; the demo's cohort has only 118. Called by client.py."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from services.demo.cohort import Application, Filing, application
from services.demo.firms import firm
from services.demo.identifiers import identity_number, mobile_number
from services.demo.people import OLDEST, Person, invented_name
from services.demo.programme import filing_units

FIRMS_PER_UNIT = 2500
BIRTHDAYS = 9000
# 41 units of 2,500 firms, one applicant each.
MOST = 41 * FIRMS_PER_UNIT


def applicant(seed: int, number: int) -> Application:
    """Return application `number` (0 … MOST - 1), always the same for a seed. No two share a person or a firm."""
    rng = Random(f"{seed}:applicant:{number}")
    unit = _units()[number % 41]
    its_firm = firm(rng, 1 + number // 41, unit)
    filing = Filing(unit["code"], "recommended", its_firm)
    posted_at = datetime.now(UTC) - timedelta(minutes=1)
    return application(rng, number, filing, _person(rng, number), posted_at)


def email_of(number: int) -> str:
    """Return the applicant's mail address."""
    return f"applicant{number:06d}@mail.example.com"


def _person(rng: Random, number: int) -> Person:
    born_on = OLDEST + timedelta(days=number % BIRTHDAYS)
    sequence = 970 + 2 * (number // BIRTHDAYS) + 1
    return Person(
        name=invented_name(rng),
        gender="male",
        born_on=born_on,
        identity_type="resident_id",
        identity_number=identity_number("500103", born_on, sequence),
        mobile=mobile_number("138", number % 10_000),
        email=email_of(number),
        education="bachelor",
    )


@cache
def _units() -> Sequence[dict[str, Any]]:
    return filing_units()
