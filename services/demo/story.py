"""Plans the special cases before selection: returns, rejections, withdrawals, missed interviews, linked judges.

Called by the demo's player and the journey tests. The story is pure data derived from the seed. course.py and
payments.py plan the cases that depend on rank.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

from services.demo.cohort import DEADLINE, Application, Cohort, Filing, application
from services.demo.firms import firm
from services.demo.people import people
from services.demo.programme import filing_units
from services.demo.scans import Flaw

FIRST_CORRECTION = datetime(2021, 12, 4, 2, tzinfo=UTC)
# refusals.py sends the first three again, so they get no special case here.
UNTOUCHED = 3
# These collide neither with the cohort's numbers and brands nor with those of refusals.py.
DRAFT_SERIAL, DRAFT_FIRM = 951, 230


@dataclass(frozen=True)
class Return:
    """A return for correction: (item, reason) of each defect, and the corrected version, or None for never."""

    defects: tuple[tuple[str, str], ...]
    corrected: Application | None


@dataclass(frozen=True)
class Withdrawal:
    """The stage and the reason of a withdrawal."""

    stage: Literal["before_review", "before_interview"]
    reason: str


@dataclass(frozen=True)
class Story:
    """All special cases by platform number. `applications`: the cohort as first posted, flaws included."""

    applications: tuple[Application, ...]
    returns: dict[str, Return]
    rejections: dict[str, str]
    withdrawals: dict[str, Withdrawal]
    missed_once: frozenset[str]
    missed_for_good: frozenset[str]
    linked_credit_codes: tuple[str, ...]
    """Firms that employ a judge; input of `staff.judges`."""
    draft: Application
    """A draft that is saved on the last day and never submitted."""

    @property
    def interviewed(self) -> tuple[str, ...]:
        """The platform numbers of all applications that reach an interview according to the plan."""
        lost = {number for number, returned in self.returns.items() if returned.corrected is None}
        lost |= set(self.rejections) | set(self.withdrawals) | self.missed_for_good
        return tuple(one.platform_no for one in self.applications if one.platform_no not in lost)


WITHDRAWALS = (
    Withdrawal("before_review", "学员工作调整，本期不再参加"),
    Withdrawal("before_interview", "企业年底排产紧张，学员无法脱产学习"),
)
REJECTIONS = (
    "营业执照登记的企业名称与申请表不一致，经核实并非同一企业",
    "申请人不是企业的主要经营管理者，任职情况与申报不符",
    "身份证扫描件经核验不真实",
)


def make_story(cohort: Cohort, seed: int) -> Story:
    """Return the story of a cohort. Each application has at most one special case."""
    rng = Random(f"{seed}:story")
    flawed = (_blurred_identity, _unstamped_form, _wrong_founding, _two_defects, _blurred_licence, _never_corrected)
    cast = iter(rng.sample(cohort.applications[UNTOUCHED:], 16))
    posted, returns = {one.platform_no: one for one in cohort.applications}, {}
    for minute, flaw in enumerate(flawed):
        original = next(cast)
        posted[original.platform_no], returned = flaw(original)
        returns[original.platform_no] = _at(returned, FIRST_CORRECTION + timedelta(minutes=7 * minute))
    return Story(
        applications=tuple(posted.values()),
        returns=returns,
        rejections={next(cast).platform_no: reason for reason in REJECTIONS},
        withdrawals={next(cast).platform_no: withdrawal for withdrawal in WITHDRAWALS},
        missed_once=frozenset(next(cast).platform_no for _ in range(2)),
        missed_for_good=frozenset({next(cast).platform_no}),
        linked_credit_codes=tuple(next(cast).body["firm"]["credit_code"] for _ in range(2)),
        draft=_draft(seed),
    )


def _draft(seed: int) -> Application:
    """Return a valid draft of a stranger, so that only the deadline prevents its submission."""
    rng = Random(f"{seed}:draft")
    person, zone = people(rng, 20)[-1], filing_units()[-1]
    filing = Filing(zone["code"], "pending", firm(rng, DRAFT_FIRM, zone))
    return application(rng, DRAFT_SERIAL, filing, person, DEADLINE - timedelta(hours=2))


def _at(returned: Return, moment: datetime) -> Return:
    if returned.corrected is None:
        return returned
    key = f"{returned.corrected.platform_no}-2"
    return replace(returned, corrected=replace(returned.corrected, key=key, posted_at=moment))


def _spoilt(original: Application, **flaws: Flaw) -> Application:
    scans = tuple(replace(scan, flaw=flaws.get(scan.kind, scan.flaw)) for scan in original.scans)
    return replace(original, scans=scans)


def _blurred_identity(original: Application) -> tuple[Application, Return]:
    defects = (("identity", "身份证扫描件模糊，证件号码无法辨认，请重新扫描"),)
    return _spoilt(original, identity="blurred"), Return(defects, original)


def _unstamped_form(original: Application) -> tuple[Application, Return]:
    defects = (("form", "申请表未加盖公司公章，请盖章后重新扫描"),)
    return _spoilt(original, form="unstamped"), Return(defects, original)


def _blurred_licence(original: Application) -> tuple[Application, Return]:
    defects = (("licence", "营业执照扫描件不清晰，请重新扫描"),)
    return _spoilt(original, licence="blurred"), Return(defects, original)


def _wrong_founding(original: Application) -> tuple[Application, Return]:
    """The founding date in the application is one year off; the licence shows the right one."""
    its_firm: dict[str, Any] = original.body["firm"]
    typed = f"{int(its_firm['founded_on'][:4]) - 1}{its_firm['founded_on'][4:]}"
    wrong = replace(original, body=original.body | {"firm": its_firm | {"founded_on": typed}})
    return wrong, Return((("firm.founded_on", "成立日期与营业执照不一致，请按营业执照填写"),), original)


def _two_defects(original: Application) -> tuple[Application, Return]:
    """Two defects in one return: an unstamped licence, and a position that differs from the form."""
    student = original.body["student"]
    wrong = original.body | {"student": student | {"position": "顾问"}}
    defects = (
        ("licence", "营业执照扫描件未加盖公司公章"),
        ("student.position", "职务与申请表不一致，请核对"),
    )
    return _spoilt(replace(original, body=wrong), licence="unstamped"), Return(defects, original)


def _never_corrected(original: Application) -> tuple[Application, Return]:
    return _spoilt(original, form="blurred"), Return((("form", "申请表扫描件模糊，无法辨认，请重新扫描"),), None)
