"""Generates requests that intake must reject or recognise as repeats, each derived from a valid one.

Called by the demo's player and the tests.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from services.demo.cohort import DEADLINE, Application, Cohort, Filing, application, scans_of
from services.demo.firms import firm
from services.demo.identifiers import with_wrong_check
from services.demo.programme import filing_units
from services.demo.scans import Flaw

FIRST_SERIAL = 901


@dataclass(frozen=True)
class RefusedCase:
    """A request and the `code` of its defect. `repeats`: platform number of the valid application that it repeats.

    Two codes are no defects of the data: `repeated_request` gets the first response again, `same_key_other_body` a 409.
    """

    code: str
    application: Application
    repeats: str | None = None


def refused_cases(cohort: Cohort, seed: int) -> tuple[RefusedCase, ...]:
    """Return one case per kind, but two with a past participant and two with a disguised file, in sending order.

    All but the last are posted in the filing window, repeats after their original. The last comes after the deadline.
    """
    rng = Random(f"{seed}:refused")
    valid = [_valid(rng, cohort, number) for number in range(len(cohort.strangers))]
    first, second, third = cohort.applications[:3]
    grown = third.body["firm"] | {"employees": third.body["firm"]["employees"] + 1}
    twice = _changed(valid[10], student=first.body["student"])
    return (
        RefusedCase("past_participant", valid[0]),
        RefusedCase("past_participant", _changed(valid[1], past_participant=True)),
        RefusedCase("no_consent", _changed(valid[2], consents=[])),
        RefusedCase("wrong_identity_check_digit", _with(valid[3], "student", "identity_number", with_wrong_check)),
        RefusedCase("wrong_credit_code_check_digit", _with(valid[4], "firm", "credit_code", _other_credit_code)),
        RefusedCase("missing_scan", replace(valid[5], scans=valid[5].scans[:2])),
        RefusedCase("disguised_scan", _with_flaw(valid[6], "program")),
        RefusedCase("disguised_scan", _with_flaw(valid[7], "web_page")),
        RefusedCase("too_large_scan", _with_flaw(valid[8], "too_large")),
        RefusedCase("same_person_twice", replace(twice, scans=scans_of(twice.body, FIRST_SERIAL + 10))),
        RefusedCase("repeated_request", second, repeats=second.platform_no),
        RefusedCase("same_key_other_body", _changed(third, firm=grown), repeats=third.platform_no),
        RefusedCase("after_deadline", replace(valid[9], posted_at=DEADLINE + timedelta(seconds=5))),
    )


def _valid(rng: Random, cohort: Cohort, number: int) -> Application:
    """Return a valid application of a stranger for a separate firm in a zone, two days before the deadline."""
    serial = FIRST_SERIAL + number
    zone = filing_units()[-1]
    # Brands repeat after 272 serials. Serials from 200 on do not collide with the cohort's.
    its_firm = firm(rng, 200 + number, zone)
    filing = Filing(zone["code"], "pending", its_firm)
    posted_at = DEADLINE - timedelta(days=2) + timedelta(minutes=number)
    return application(rng, serial, filing, cohort.strangers[number], posted_at)


def _changed(original: Application, **fields: Any) -> Application:
    return replace(original, body=original.body | fields)


def _with(original: Application, part: str, field: str, change: Callable[[str], str]) -> Application:
    section = original.body[part]
    return _changed(original, **{part: section | {field: change(section[field].upper())}})


def _other_credit_code(code: str) -> str:
    return with_wrong_check(code, "0123456789ABCDEFGHJKLMNPQRTUWXY")


def _with_flaw(original: Application, flaw: Flaw) -> Application:
    """Declare the form as a PDF although it is none, or make it too large."""
    form = replace(original.scans[0], media_type="application/pdf", flaw=flaw)
    return replace(original, scans=(form, *original.scans[1:]))
