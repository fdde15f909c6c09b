"""Rows -> letters and the ranking table, as PDF. Called by review's tasks and pages."""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from shared.adapters.typesetting import typeset
from shared.events.intake import Programme
from shared.foundation.money import capitals, yuan

TEMPLATES = Path(__file__).with_name("templates")

BRING = ("申请表原件（须加盖公司公章，并与网上提交的扫描件一致）", "学员一寸证件照两张", "本人有效身份证件原件")


@dataclass(frozen=True)
class AdmissionLetter:
    """What an admission letter says of one person. `pay_by` is half-open: midnight prints as 24时 of the day before."""

    programme: Programme
    number: str
    name: str
    firm: str
    payment_reference: str
    pay_by: datetime
    issued_on: date
    now: datetime
    bring: tuple[str, ...] = BRING
    self_borne: str = "食宿、交通、集体活动等"
    contact: str = ""


@dataclass(frozen=True)
class WaitingListLetter:
    """What a person on the waiting list is told. `rank` counts on the waiting list, from 1."""

    programme: Programme
    number: str
    name: str
    firm: str
    rank: int
    issued_on: date
    now: datetime


@dataclass(frozen=True)
class NotSelectedLetter:
    """What a person without a seat is told."""

    programme: Programme
    number: str
    name: str
    firm: str
    issued_on: date
    now: datetime


@dataclass(frozen=True)
class RankingRow:
    """One person's place. Points are hundredths (9125 is 91.25) and already weighted; `note` says how a tie was broken."""

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
    """A frozen ranking: who stands where, by which formula version, frozen when and by whom."""

    programme: Programme
    frozen_at: datetime
    frozen_by: str
    rows: tuple[RankingRow, ...]
    now: datetime
    released_by: str = ""


def admission_letter(letter: AdmissionLetter) -> bytes:
    """入学通知书 (notice, clauses 3, 4, 5.3 and 5.4.3): when and where to report with what, and the fee table.

    Equal letters give equal bytes. It follows the layout of GB/T 9704-2012 without red head or seal: it is no 公文.
    """
    fees = letter.programme.fee_lines
    return _print(
        "admission_letter.typ",
        letter,
        total=yuan(sum(line.amount_fen for line in fees)),
        total_capitals=capitals(sum(line.amount_fen for line in fees)),
        lines=[{"title": line.title, "payee": line.payee, "amount": yuan(line.amount_fen)} for line in fees],
        due=yuan(letter.programme.fee("self")),
        due_capitals=capitals(letter.programme.fee("self")),
    )


def waiting_list_letter(letter: WaitingListLetter) -> bytes:
    """候补通知书 (notice, clause 5.4.3; quota of clause 2): the rank, and that money is held until the list closes."""
    return _print("waiting_list_letter.typ", letter)


def not_selected_letter(letter: NotSelectedLetter) -> bytes:
    """未入选通知书 (notice, clause 5.4.3): no seat, and whatever was paid goes back to the paying account."""
    return _print("not_selected_letter.typ", letter)


def ranking_table(ranking: Ranking) -> bytes:
    """排名表 (notice, clause 5.4.3): every ranked person, the table's head on each page, lines to sign at the end."""
    return _print("ranking_table.typ", ranking, rows=[_row(row) for row in ranking.rows])


def _row(row: RankingRow) -> dict[str, Any]:
    points = ("firm_points", "materials_points", "interview_points", "total_points")
    return {**vars(row), **{name: f"{getattr(row, name) / 100:.2f}" for name in points}}


def _print(template: str, document: Any, **printed: Any) -> bytes:
    """Sets the template with the document's own values, and those that need words or commas."""
    values = {**vars(document), "programme": document.programme.model_dump()}
    return typeset(TEMPLATES / template, {**values, **printed})
