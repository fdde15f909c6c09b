"""A document whose text no font covers waits: it is not sent, its account's page names the characters, and finance continues
it."""

import pytest

from services.billing import actions
from services.billing.models import Document, FeeAccount
from services.billing.states import DocumentKind
from shared.foundation.errors import Conflict
from shared.persistence.models import AuditRow
from tests.billing.conftest import as_staff
from tests.billing.desk import Desk, application_id
from tests.billing.money import Line, statement_of
from tests.billing.snapshots import ALPHA, FEE, code
from tests.billing.test_imports import DAY
from tests.processes import sent_mails

UNKNOWN = "钱\U000f0000"
PAGE = f"/billing/accounts/{application_id(1)}"


def rename(desk: Desk, name: str) -> None:
    with desk.process.database.transaction() as uow:
        uow.session.get_one(FeeAccount, application_id(1)).student_name = name


@pytest.fixture
def held(desk: Desk) -> Desk:
    """Application 1 is admitted and paid; its receipt and its invoice request cannot be printed."""
    desk.handle(desk.admitted(1))
    desk.import_statement(*statement_of(Line(DAY, ALPHA, FEE, code(1))))
    rename(desk, UNKNOWN)
    assert desk.run_jobs() == ["waits for a person", "waits for a person"]
    return desk


def test_documents_that_cannot_be_printed_wait_and_the_accounts_page_names_the_characters(held):
    rows = [row for row in held.rows(Document) if row.held_for]
    assert {row.kind for row in rows} == {DocumentKind.RECEIPT, DocumentKind.INVOICE_REQUEST}
    assert {(row.held_for, row.sent_at, row.claim) for row in rows} == {("\U000f0000(U+F0000)", None, None)}
    assert sent_mails(held.folder) == []
    page = as_staff(held, "finance01", "finance").get(PAGE).text
    assert page.count("尚未发送") == page.count("U+F0000") == 2
    assert "继续发送" in page
    assert "继续发送" not in as_staff(held, "auditor01", "auditor").get(PAGE).text


def test_held_documents_are_continued_once_their_text_can_be_printed(held):
    finance = as_staff(held, "finance01", "finance")
    rows = [row for row in held.rows(Document) if row.held_for]
    for row in rows:
        path = f"/billing/documents/{row.id}/continuation"
        assert as_staff(held, "checker01", "finance_checker").post(path).status_code == 403
        assert finance.post(path).status_code == 303
    assert held.run_jobs() == ["waits for a person", "waits for a person"]
    rename(held, "钱一")
    for row in rows:
        held.act(actions.continue_document, row.id)
    assert held.run_jobs().count("sent") == 2
    assert [row.held_for for row in held.rows(Document)] == [""] * len(held.rows(Document))
    taken = [row.action for row in held.rows(AuditRow) if row.action in ("hold_document", "continue_document")]
    assert (
        taken == ["hold_document"] * 2 + ["continue_document"] * 2 + ["hold_document"] * 2 + ["continue_document"] * 2
    )
    with pytest.raises(Conflict, match="不在等待处理"):
        held.act(actions.continue_document, rows[0].id)
