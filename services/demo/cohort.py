"""Generates the demo's applications: firm, applicant, filing unit, time and scans. Called by the player and the tests.

The same seed always gives the same cohort: 118 valid applications of 102 firms in all 41 units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from services.demo.firms import firm
from services.demo.people import Person, people
from services.demo.programme import CODE, filing_units
from services.demo.scans import Scan

CONSENT_VERSION = "2021-11-22"
OPENING = datetime(2021, 11, 21, 16, tzinfo=UTC)
DEADLINE = datetime(2021, 12, 1, 16, tzinfo=UTC)
SINGLE_FIRM_UNITS = ("500229", "500238")
"""The two units with a single firm. A third unit, 500243, has two firms and recommends only one."""
UNRECOMMENDED_UNIT = "500243"
ZONE_FIRMS = {"CQ-LJ": 6, "CQ-GX": 4, "CQ-WS": 2}
THREE_FIRM_UNITS = 16
SECOND_APPLICANTS = 16
STRANGERS = 11
FORMATS = {
    "form": ("application/pdf", "application/pdf", "image/jpeg"),
    "licence": ("image/jpeg", "application/pdf", "image/png"),
    "identity": ("image/png", "image/jpeg", "application/pdf"),
}
POSITIONS = {
    "legal_representative": "法定代表人、执行董事",
    "chairman": "董事长",
    "general_manager": "总经理",
    "deputy": "副总经理",
    "other": "总经理助理",
}
LEADING_ROLES = ("legal_representative", "chairman", "general_manager", "general_manager", "deputy", "other")
SHARED_ROLES = ("chairman", "general_manager", "deputy", "other")


@dataclass(frozen=True)
class Filing:
    """One filing of a firm, for one person. `alone`: the firm has no second applicant."""

    unit_code: str
    recommendation: str
    firm: dict[str, Any]
    alone: bool = True


@dataclass(frozen=True)
class Application:
    """One application as the platform posts it. `body` lacks the scans; `key` is the request's idempotency key."""

    body: dict[str, Any]
    scans: tuple[Scan, ...]
    key: str
    posted_at: datetime

    @property
    def platform_no(self) -> str:
        """The platform's number, which identifies this application in all plans of the demo."""
        return str(self.body["platform_no"])

    def request(self, file_ids: Mapping[str, str]) -> dict[str, Any]:
        """Return the request body. `file_ids`: uploaded file per kind of scan. Firms always declare the stamp."""
        scans = [{"kind": scan.kind, "file_id": file_ids[scan.kind], "stamped": True} for scan in self.scans]
        return self.body | {"scans": scans}


@dataclass(frozen=True)
class Cohort:
    """All input of the filing window. `past_participants` rows are (identity type, number, name, programme)."""

    applications: tuple[Application, ...]
    past_participants: tuple[tuple[str, str, str, str], ...]
    strangers: tuple[Person, ...]
    """People without an application, used for the refused requests. The first is a past participant."""


def cohort(seed: int) -> Cohort:
    """Return the cohort of a seed, in posting order."""
    rng = Random(f"{seed}:cohort")
    filings = _filings(rng)
    persons = people(rng, len(filings) + STRANGERS)
    applicants, strangers = persons[: len(filings)], tuple(persons[len(filings) :])
    rng.shuffle(applicants)
    parts = zip(filings, applicants, _moments(rng, len(filings)), strict=True)
    applications = tuple(application(rng, serial, *part) for serial, part in enumerate(parts, start=1))
    return Cohort(applications, _past_participants(rng, strangers[0], applications), strangers)


def _filings(rng: Random) -> list[Filing]:
    """Return the filing of each application, shuffled. Firms with two applicants have two filings."""
    units = filing_units()
    plain = [u["code"] for u in units if u["owed"] and u["code"] not in (*SINGLE_FIRM_UNITS, UNRECOMMENDED_UNIT)]
    with_three = set(rng.sample(plain, THREE_FIRM_UNITS))
    filings = []
    serial = 1
    for unit in units:
        code = unit["code"]
        count = ZONE_FIRMS.get(code, 1 if code in SINGLE_FIRM_UNITS else 3 if code in with_three else 2)
        for number in range(count):
            filings.append(Filing(code, _recommendation(rng, code, number), firm(rng, serial, unit)))
            serial += 1
    # Skip the two units with a single firm, so that they keep one application each.
    for place in rng.sample(
        [n for n, f in enumerate(filings) if f.unit_code not in SINGLE_FIRM_UNITS], SECOND_APPLICANTS
    ):
        filings[place] = replace(filings[place], alone=False)
        filings.append(filings[place])
    rng.shuffle(filings)
    return filings


def _recommendation(rng: Random, unit_code: str, number: int) -> str:
    """Recommend the first two firms of each district, except in one unit. Choose other cases at random."""
    if unit_code == UNRECOMMENDED_UNIT and number == 1:
        return "not_recommended"
    if number < 2 and unit_code not in ZONE_FIRMS:
        return "recommended"
    return rng.choice(("recommended", "recommended", "pending", "not_recommended"))


def _moments(rng: Random, count: int) -> list[datetime]:
    """Return ascending times in the window: at most one per minute, denser towards its end, the last 30 s before it."""
    minutes = int((DEADLINE - OPENING).total_seconds()) // 60
    chosen: set[int] = set()
    while len(chosen) < count - 1:
        # The opening day starts at 08:30. The power skews the times towards the deadline.
        chosen.add(int(510 + (minutes - 540) * rng.random() ** 0.7))
    return [OPENING + timedelta(minutes=minute) for minute in sorted(chosen)] + [DEADLINE - timedelta(seconds=30)]


def _past_participants(
    rng: Random, attended: Person, applications: tuple[Application, ...]
) -> tuple[tuple[str, str, str, str], ...]:
    """Return two past participants: a stranger, and a namesake of a valid applicant with another ID number."""
    namesake = people(rng, 20)[-1]
    name = applications[len(applications) // 2].body["student"]["name"]
    return (
        (attended.identity_type, attended.identity_number, attended.name, "CQ-2020-LJ"),
        ("resident_id", namesake.identity_number, name, "CQ-2019-LJ"),
    )


def application(rng: Random, serial: int, filing: Filing, person: Person, posted_at: datetime) -> Application:
    """Return a valid application of `person` for the firm of `filing`. `serial` sets number, key and file formats."""
    its_firm, role = filing.firm, rng.choice(LEADING_ROLES if filing.alone else SHARED_ROLES)
    if role == "legal_representative":
        its_firm = its_firm | {"legal_representative": person.name}
    platform_no = f"CQSME2021-{serial:05d}"
    student = person.as_student() | {"position": POSITIONS[role], "role": role, "resume": _resume(rng, its_firm, role)}
    body = {
        "programme": CODE,
        "platform_no": platform_no,
        "unit_code": filing.unit_code,
        "recommendation": filing.recommendation,
        "interview_mode": rng.choice(("on_site", "on_site", "online")),
        "past_participant": False,
        "consents": _consents(person),
        "student": student | _as_typed(serial, person),
        "firm": its_firm,
        "invoice": _invoice(rng, its_firm),
    }
    return Application(body, scans_of(body, serial), f"{platform_no}-1", posted_at)


def _as_typed(serial: int, person: Person) -> dict[str, str]:
    """Return the numbers in the variants that applicants type: a lower-case x, a country code, blanks."""
    mobile = person.mobile
    return {
        "identity_number": person.identity_number.lower() if serial % 2 else person.identity_number,
        "mobile": f"+86 {mobile[:3]} {mobile[3:7]} {mobile[7:]}" if serial % 20 == 7 else mobile,
    }


def _consents(person: Person) -> list[dict[str, str]]:
    """Return the three consents of PIPL articles 17, 29 and 23, which the student ticks when the window opens."""
    accepted_at = OPENING.isoformat()
    return [
        {"kind": kind, "text_version": CONSENT_VERSION, "accepted_at": accepted_at, "accepted_by": person.name}
        for kind in ("notice", "sensitive", "recipients")
    ]


def _resume(rng: Random, its_firm: dict[str, Any], role: str) -> str:
    started = rng.randint(2004, 2016)
    return f"{started}年进入{its_firm['name']}，历任车间主任、生产部经理；{started + rng.randint(2, 5)}年起任{POSITIONS[role]}。"


def _invoice(rng: Random, its_firm: dict[str, Any]) -> dict[str, str] | None:
    """Return a request for a special invoice for 30 % of firms, else None: the invoice uses the firm's own data."""
    if rng.random() < 0.7:
        return None
    return {"title": its_firm["name"], "tax_number": its_firm["credit_code"], "kind": "special"}


def scans_of(body: dict[str, Any], serial: int) -> tuple[Scan, ...]:
    """Return the three scans that show the data of `body`. `serial` chooses their file formats."""
    student, its_firm = body["student"], body["firm"]
    name, code = its_firm["name"], its_firm["credit_code"]
    lines = {
        "form": (
            f"姓名：{student['name']}　　职务：{student['position']}",
            f"证件号码：{student['identity_number']}",
            f"手机：{student['mobile']}",
            f"企业名称：{name}",
            f"统一社会信用代码：{code}",
            f"主导产品：{its_firm['main_product']}",
            f"报名编号：{body['platform_no']}",
        ),
        "licence": (
            f"名称：{name}",
            f"统一社会信用代码：{code}",
            f"住所：{its_firm['address']}",
            f"法定代表人：{its_firm['legal_representative']}",
            f"成立日期：{its_firm['founded_on']}",
            f"本复印件仅用于报名{body['platform_no']}",
        ),
        "identity": (
            f"姓名：{student['name']}",
            f"出生：{student['born_on']}",
            f"证件号码：{student['identity_number']}",
        ),
    }
    return tuple(
        Scan(kind, FORMATS[kind][(serial + offset) % 3], lines[kind], name) for offset, kind in enumerate(lines)
    )
