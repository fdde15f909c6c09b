"""PDF documents: the letters and the ranking table. Called by review's tasks and pages."""

import io
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import segno

from shared.adapters.typesetting import typeset
from shared.events.intake import Programme
from shared.foundation.money import capitals, yuan

TEMPLATES = Path(__file__).with_name("templates")

BRING = ("申请表原件（须加盖公司公章，并与网上提交的扫描件一致）", "学员一寸证件照两张", "本人有效身份证件原件")


@dataclass(frozen=True)
class Check:
    """What a third party needs to check a letter: its code, and the address of the page that takes the code."""

    code: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What letters of all kinds have in common."""

    programme: Programme
    number: str
    name: str
    firm: str
    check: Check
    issued_on: date
    now: datetime


@dataclass(frozen=True, kw_only=True)
class AdmissionLetter(Letter):
    """Content of an admission letter. `pay_by` is an exclusive limit: midnight prints as 24时 of the day before."""

    payment_reference: str
    pay_by: datetime
    bring: tuple[str, ...] = BRING
    self_borne: str = "食宿、交通、集体活动等"
    contact: str = ""


@dataclass(frozen=True, kw_only=True)
class WaitingListLetter(Letter):
    """Content of a waiting-list letter. `rank` is the position on the waiting list, from 1."""

    rank: int


@dataclass(frozen=True, kw_only=True)
class NotSelectedLetter(Letter):
    """Content of a refusal letter."""


@dataclass(frozen=True)
class RankingRow:
    """One line of the ranking table. Points are weighted, in hundredths (9125 is 91.25); `note` names the criterion
    that broke a tie."""

    rank: int
    name: str
    firm: str
    unit: str
    firm_points: int
    materials_points: int
    interview_points: int
    total_points: int
    outcome: Literal["admitted", "waitlisted", "not_selected"]
    note: str = ""


@dataclass(frozen=True)
class Ranking:
    """A frozen ranking, with when and by whom it was frozen and who released it."""

    programme: Programme
    frozen_at: datetime
    frozen_by: str
    rows: tuple[RankingRow, ...]
    now: datetime
    released_by: str = ""


def admission_letter(letter: AdmissionLetter) -> bytes:
    """Return 入学通知书 (notice, clauses 3, 4, 5.3 and 5.4.3) as PDF: when and where to report, what to bring, and the
    fee table.

    Equal letters give equal bytes. The layout follows GB/T 9704-2012 without red head or seal: it is no 公文.
    """
    fees = letter.programme.fee_lines
    return _typeset_letter(
        "admission_letter.typ",
        letter,
        total=yuan(sum(line.amount_fen for line in fees)),
        total_capitals=capitals(sum(line.amount_fen for line in fees)),
        lines=[{"title": line.title, "payee": line.payee, "amount": yuan(line.amount_fen)} for line in fees],
        due=yuan(letter.programme.fee("self")),
        due_capitals=capitals(letter.programme.fee("self")),
    )


def waiting_list_letter(letter: WaitingListLetter) -> bytes:
    """Return 候补通知书 (notice, clause 5.4.3; quota of clause 2) as PDF: the rank, and that money is held until the
    list closes."""
    return _typeset_letter("waiting_list_letter.typ", letter)


def not_selected_letter(letter: NotSelectedLetter) -> bytes:
    """Return 未入选通知书 (notice, clause 5.4.3) as PDF: no seat, and all payments are refunded to the paying
    account."""
    return _typeset_letter("not_selected_letter.typ", letter)


def ranking_table(ranking: Ranking) -> bytes:
    """Return 排名表 (notice, clause 5.4.3) as PDF: every ranked person, the table's head on each page, signature lines
    at the end."""
    return _typeset("ranking_table.typ", ranking, rows=[_row(row) for row in ranking.rows])


def _row(row: RankingRow) -> dict[str, Any]:
    points = ("firm_points", "materials_points", "interview_points", "total_points")
    return {**vars(row), **{name: f"{getattr(row, name) / 100:.2f}" for name in points}}


def _typeset_letter(template: str, letter: Letter, **extra: Any) -> bytes:
    """Typeset a letter, with its check code and a QR code of the page that shows the letter."""
    address = f"{letter.check.address}/{letter.check.code}"
    drawing = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawing, kind="svg", xmldecl=False)
    check = {**vars(letter.check), "link": address, "drawing": drawing.getvalue().decode()}
    return _typeset(template, letter, **extra, check=check)


def _typeset(template: str, document: Any, **extra: Any) -> bytes:
    """Typeset a template with the document's fields and `extra` values, such as formatted amounts."""
    values = {**vars(document), "programme": document.programme.model_dump()}
    return typeset(TEMPLATES / template, {**values, **extra})
