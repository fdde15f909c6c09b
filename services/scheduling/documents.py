"""PDF documents: interview notices, sign-in sheets, the teaching calendar and the certificate lists; the lists as a
workbook too.

Called by scheduling's tasks and pages.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from shared.adapters.typesetting import typeset
from shared.adapters.workbook import Table, workbook

TEMPLATES = Path(__file__).with_name("templates")

BRING = ("本人有效身份证件原件",)


@dataclass(frozen=True)
class InterviewNotice:
    """Content of an interview notice; `place` is a room, or the link of an online interview."""

    programme: str
    institution: str
    name: str
    firm: str
    starts_at: datetime
    ends_at: datetime
    mode: Literal["online", "on_site"]
    place: str
    panel: str
    issued_on: date
    now: datetime
    bring: tuple[str, ...] = BRING
    contact: str = ""


@dataclass(frozen=True)
class Signer:
    """One line of a sign-in sheet."""

    name: str
    firm: str


@dataclass(frozen=True)
class SignInSheet:
    """One half-day of a module, and the students who sign."""

    programme: str
    module: int
    on: date
    half: Literal["am", "pm"]
    topic: str
    teacher: str
    place: str
    hours: int
    students: tuple[Signer, ...]
    now: datetime


@dataclass(frozen=True)
class Lesson:
    """One half-day of teaching; `hours` are lesson hours of 45 minutes."""

    module: int
    on: date
    half: Literal["am", "pm"]
    kind: Literal["practice", "theory"]
    topic: str
    teacher: str
    teacher_kind: Literal["mentor", "professor"]
    place: str
    region: str
    hours: int


@dataclass(frozen=True)
class TeachingCalendar:
    """A published teaching plan: its lessons in order."""

    programme: str
    institution: str
    version: int
    lessons: tuple[Lesson, ...]
    now: datetime


@dataclass(frozen=True)
class Certified:
    """One line of the certificate list, with a masked ID number; `certificate_number` is set once it is imported."""

    name: str
    identity_mask: str
    firm: str
    hours: int
    result: str = "合格"
    certificate_number: str = ""


@dataclass(frozen=True)
class CertificateList:
    """Everyone who completed all lessons and passed."""

    programme: str
    institution: str
    starts_on: date
    ends_on: date
    rows: tuple[Certified, ...]
    now: datetime


@dataclass(frozen=True)
class NotCertified:
    """One person who is not certified, and every reason."""

    name: str
    identity_mask: str
    firm: str
    hours: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class NotCertifiedList:
    """Everyone who attended and is not certified."""

    programme: str
    institution: str
    rows: tuple[NotCertified, ...]
    now: datetime


def interview_notice(notice: InterviewNotice) -> bytes:
    """Return 面试通知 (notice, clause 5.4.2) as PDF: time, mode, place, panel, and what to bring."""
    return typeset(TEMPLATES / "interview_notice.typ", vars(notice))


def sign_in_sheet(sheet: SignInSheet) -> bytes:
    """Return 签到表 (notice, clause 3: all lessons attended) as PDF: one half-day, landscape, the table's head on each
    page."""
    return typeset(TEMPLATES / "sign_in_sheet.typ", vars(sheet))


def teaching_calendar(calendar: TeachingCalendar) -> bytes:
    """Return 课程表 (notice, clause 3) as PDF: every half-day by module, with the totals and shares that the clause
    requires.

    Shares are of lesson hours, to one decimal.
    """
    lessons = calendar.lessons
    hours = sum(lesson.hours for lesson in lessons)
    totals = {
        "days": len({lesson.on for lesson in lessons}),
        "hours": hours,
        "modules": len({lesson.module for lesson in lessons}),
        "regions": len({lesson.region for lesson in lessons}),
        "practice": _share((lesson.hours for lesson in lessons if lesson.kind == "practice"), hours),
        "mentors": _share((lesson.hours for lesson in lessons if lesson.teacher_kind == "mentor"), hours),
    }
    return typeset(TEMPLATES / "teaching_calendar.typ", {**vars(calendar), "totals": totals})


def certificate_list(certificates: CertificateList) -> bytes:
    """Return 结业名单 (notice, clause 3) as PDF: only people who completed all lessons and passed, for the issuing
    office."""
    return typeset(TEMPLATES / "certificate_list.typ", vars(certificates))


def not_certified_list(missing: NotCertifiedList) -> bytes:
    """Return 未结业人员名单 (notice, clause 3) as PDF: people who lack lessons or did not pass, with the reasons;
    internal."""
    return typeset(TEMPLATES / "not_certified_list.typ", vars(missing))


def certificate_workbook(certified: CertificateList, missing: NotCertifiedList) -> bytes:
    """Return both lists as an XLSX workbook of two sheets. ID numbers are masked."""
    return workbook(
        {
            "结业名单": _numbered(
                ("姓名", "身份证件号码", "单位", "课时", "考核", "证书编号"),
                [
                    (one.name, one.identity_mask, one.firm, one.hours, one.result, one.certificate_number)
                    for one in certified.rows
                ],
            ),
            "未结业人员": _numbered(
                ("姓名", "身份证件号码", "单位", "课时", "原因"),
                [(one.name, one.identity_mask, one.firm, one.hours, "；".join(one.reasons)) for one in missing.rows],
            ),
        }
    )


def _numbered(titles: tuple[str, ...], rows: Sequence[tuple[str | int, ...]]) -> Table:
    return ("序号", *titles), [(number, *row) for number, row in enumerate(rows, start=1)]


def _share(part: Iterable[int], whole: int) -> str:
    return f"{sum(part) * 100 / whole:.1f}%" if whole else "—"
