"""Screen readers can read every printed document: a PDF/UA checker finds no error, and the title and all tables have heads.

`outloud` tests the conditions of the Matterhorn Protocol that a program can decide, and more that it calls semantic.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import outloud
import pikepdf
import pytest

from services.billing import documents as billing
from services.intake import documents as intake
from services.review import documents as review
from services.scheduling import documents as scheduling
from shared.adapters.typesetting import ROOT, typeset
from tests.billing.test_documents import BALANCED, RECEIPT, REQUEST, SAMPLE
from tests.intake.test_documents import ANNEXES
from tests.review.test_documents import ADMISSION, REFUSED, ROW, WAITING, ranking
from tests.scheduling.test_documents import CERTIFICATES, LESSON, MISSING, NOTICE, SHEET

NOW = datetime(2021, 12, 9, 1, tzinfo=UTC)
HERE = Path(__file__).with_name("templates")
CALENDAR = scheduling.TeachingCalendar("培训", "机构", 1, (LESSON,) * 30, NOW)
NOT_CERTIFIED = scheduling.NotCertifiedList("培训", "机构", (MISSING,), NOW)
PRINTERS: dict[str, tuple[Callable[[Any], bytes], Any]] = {
    "admission_letter": (review.admission_letter, ADMISSION),
    "application_form": (intake.application_form, ANNEXES),
    "certificate_list": (scheduling.certificate_list, CERTIFICATES),
    "interview_notice": (scheduling.interview_notice, NOTICE),
    "invoice_request": (billing.invoice_request, REQUEST),
    "not_certified_list": (scheduling.not_certified_list, NOT_CERTIFIED),
    "not_selected_letter": (review.not_selected_letter, REFUSED),
    "ranking_table": (review.ranking_table, ranking(*[ROW] * 40)),
    "receipt_acknowledgement": (billing.receipt_acknowledgement, RECEIPT),
    "reconciliation_statement": (billing.reconciliation_statement, BALANCED),
    "remittance_details": (intake.remittance_details, ANNEXES),
    "sample_invoice": (billing.sample_invoice, SAMPLE),
    "sign_in_sheet": (scheduling.sign_in_sheet, SHEET),
    "teaching_calendar": (scheduling.teaching_calendar, CALENDAR),
    "teaching_plan": (intake.teaching_plan, ANNEXES),
    "waiting_list_letter": (review.waiting_list_letter, WAITING),
    "year_schedule": (intake.year_schedule, ANNEXES),
}


def errors(pdf: bytes, folder: Path) -> list[str]:
    """Return what the checker calls errors."""
    file = folder / "checked.pdf"
    file.write_bytes(pdf)
    result = outloud.check(str(file))
    assert result.error is None
    return [f"{one.rule} {one.message}" for one in result.findings if one.severity == "error"]


def kinds(pdf: Path) -> list[str]:
    """Return the kinds of all structure elements, in reading order."""
    with pikepdf.open(pdf) as document:
        return list(_kinds(document.Root.StructTreeRoot))


def _kinds(element: pikepdf.Object) -> Iterator[str]:
    if "/S" in element:
        yield str(element.S)
    inner: Any = element.get("/K", [])
    for child in inner if isinstance(inner, pikepdf.Array) else [inner]:
        if isinstance(child, pikepdf.Dictionary):
            yield from _kinds(child)


def test_every_template_is_checked() -> None:
    assert set(PRINTERS) == {path.stem for path in ROOT.glob("services/*/templates/*.typ")}


@pytest.mark.parametrize("name", PRINTERS)
def test_the_checker_finds_no_error(name: str, tmp_path: Path) -> None:
    printer, document = PRINTERS[name]

    assert errors(printer(document), tmp_path) == []


@pytest.mark.parametrize("name", PRINTERS)
def test_the_title_is_the_only_first_heading_and_every_table_has_header_cells(name: str, tmp_path: Path) -> None:
    printer, document = PRINTERS[name]
    (tmp_path / "printed.pdf").write_bytes(printer(document))

    found = kinds(tmp_path / "printed.pdf")

    assert found.count("/H1") == 1
    assert found.count("/THead") == found.count("/Table")


def test_a_table_without_header_cells_is_found(tmp_path: Path) -> None:
    found = errors(typeset(HERE / "without_head.typ", {"now": NOW}), tmp_path)

    assert [one[:7] for one in found] == ["TBL-001"]
