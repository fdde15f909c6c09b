"""Typeset the four annexes of a programme's notice as PDF. Called by pages/programmes.py."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.adapters.typesetting import typeset
from shared.events.intake import Programme
from shared.foundation.money import capitals, yuan

TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Annexes:
    """Input of the annexes. `goals` and `topics` are printed in the teaching plan and may be empty."""

    programme: Programme
    now: datetime
    goals: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()


def application_form(annexes: Annexes) -> bytes:
    """附件1 申请表 (notice, clause 5.3 and annex 1): the blank form to print, fill in, stamp and scan. Two pages."""
    return _typeset("application_form.typ", annexes)


def year_schedule(annexes: Annexes) -> bytes:
    """附件2 年度课程安排 (notice, clause 3 and annex 2): an outline of the year, before dates are fixed."""
    plan = annexes.programme.plan
    return _typeset(
        "year_schedule.typ",
        annexes,
        fewest_modules=-(-plan.days // max(plan.module_days)),
        most_modules=plan.days // min(plan.module_days),
    )


def teaching_plan(annexes: Annexes) -> bytes:
    """附件3 教学方案 (notice, clause 3 and annex 3): content, shares of hours and teachers, conditions of the certificate.

    The shares are printed in lesson hours with the programme's tolerance, because 70% of 128 is not a whole number.
    """
    plan = annexes.programme.plan
    shares = {
        "practice": (plan.practice_percent, 100 - plan.practice_percent),
        "mentors": (plan.mentor_percent, 100 - plan.mentor_percent),
    }
    hours = {name: [f"{plan.hours * percent / 100:g}" for percent in pair] for name, pair in shares.items()}
    return _typeset("teaching_plan.typ", annexes, hours=hours)


def remittance_details(annexes: Annexes) -> bytes:
    """附件4 汇款信息 (notice, clause 4 and annex 4): account, amount, and the reference to quote."""
    fees = annexes.programme.fee_lines
    due = annexes.programme.fee("self")
    return _typeset(
        "remittance_details.typ",
        annexes,
        total=yuan(sum(line.amount_fen for line in fees)),
        lines=[{"title": line.title, "payee": line.payee, "amount": yuan(line.amount_fen)} for line in fees],
        due=yuan(due),
        due_capitals=capitals(due),
    )


def _typeset(template: str, annexes: Annexes, **formatted: Any) -> bytes:
    """Typeset a template with the fields of `annexes` and with the `formatted` values."""
    values = {**vars(annexes), "programme": annexes.programme.model_dump()}
    return typeset(TEMPLATES / template, {**values, **formatted})
