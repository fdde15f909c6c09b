"""Letters: each decision's letter is printed, stored, and sent once, or waits for a person if it cannot be printed."""

from collections import Counter

import pytest

from services.review.models import Case, LetterCounter, LetterRow
from services.review.states import LetterKind
from shared.events import FileClaim
from shared.persistence.models import AuditRow, JobRow
from tests.printed import words
from tests.processes import sent_mails
from tests.review.desk import as_staff
from tests.review.submissions import applications


@pytest.fixture
def office(review):
    return as_staff(review, "review01", "reviewer")


def test_the_jobs_print_store_and_send_one_letter_per_decision(review):
    review.released(60, 65, 70, 75, 80, 85)
    review.run_jobs()

    assert Counter(row.outcome for row in review.rows(JobRow)) == {"printed": 6, "sent": 6}
    assert len(sent_mails(review.folder)) == 6
    rows = review.rows(LetterRow)
    assert all(row.sent_at for row in rows)
    printed = {
        row.kind: words(review.process.tools.files.get(FileClaim.model_validate(row.file), purpose="contact"))
        for row in rows
    }
    names = {review.case(number).student_name for number in range(6)}
    assert printed[LetterKind.ADMISSION].startswith("入学通知书渝领训〔2021〕")
    assert "2021年12月16日24时前" in printed[LetterKind.ADMISSION]
    assert "候补名单第" in printed[LetterKind.WAITING_LIST]
    assert "未能入选" in printed[LetterKind.REFUSAL]
    assert all(any(name in text for name in names) for text in printed.values())


def test_a_sent_letter_is_not_sent_again(review):
    review.released(60)
    review.run_jobs()
    review.rerun_jobs()
    assert {row.outcome for row in review.rows(JobRow)} == {"already printed", "already sent"}
    assert len(sent_mails(review.folder)) == 1


def test_rows_and_audit_log_contain_no_plain_email_address(review):
    review.released(60)
    review.run_jobs()
    assert len(sent_mails(review.folder)) == 1
    address = applications()[0].body["student"]["email"]
    kept = str(review.rows(AuditRow)) + str(review.rows(LetterRow)) + str(review.rows(JobRow)) + str(review.case(0))
    assert address not in kept


def test_each_kind_of_letter_has_its_own_numbering(review):
    review.released(60, 65, 70, 75, 80, 85)
    numbers = sorted(row.number for row in review.rows(LetterRow))
    assert numbers == [
        "渝领候〔2021〕1号",
        "渝领候〔2021〕2号",
        "渝领复〔2021〕1号",
        "渝领训〔2021〕1号",
        "渝领训〔2021〕2号",
        "渝领训〔2021〕3号",
    ]


def test_numbers_have_the_code_of_the_programme_and_no_leading_zeros(review):
    review.publish_programme(version=2, letter_code="蓉培")
    with review.process.database.transaction() as uow:
        uow.session.add(LetterCounter(kind=LetterKind.ADMISSION, year=2021, last=40))
    review.released(60)
    assert [row.number for row in review.rows(LetterRow)] == ["蓉培训〔2021〕41号"]


def rename(review, name):
    """Give the person of case 0 a name that no packaged font covers."""
    with review.process.database.transaction() as uow:
        row = uow.session.get_one(Case, review.case(0).id)
        row.student_name = name
        uow.session.add(row)


def test_a_letter_that_cannot_be_printed_waits_and_the_page_of_the_case_states_it(review, office):
    review.released(60)
    rename(review, "王\U000f0000")
    review.run_jobs()
    (letter,) = review.rows(LetterRow)
    assert [row.outcome for row in review.rows(JobRow)] == ["waits for a person"]
    assert (letter.sent_at, letter.file, sent_mails(review.folder)) == (None, None, [])
    page = office.get(f"/review/cases/{review.case(0).id}").text
    assert "尚未寄发" in page
    assert "U+F0000" in page


def test_a_person_continues_a_held_letter_with_a_text_that_can_be_printed(review, office):
    review.released(60)
    rename(review, "王\U000f0000")
    review.run_jobs()
    path = f"/review/letters/{review.rows(LetterRow)[0].id}/printing"
    refused = office.post(path, data={"name": "王\U0001f600", "firm": ""}, headers={"accept": "application/json"})
    assert (refused.status_code, [fault["field"] for fault in refused.json()["faults"]]) == (422, ["/name", "/firm"])
    assert office.post(path, data={"name": "王(Wang)", "firm": "甲公司"}).status_code == 303
    review.run_jobs()
    (letter,) = review.rows(LetterRow)
    assert letter.sent_at
    text = words(review.process.tools.files.get(FileClaim.model_validate(letter.file), purpose="contact"))
    assert "王(Wang)" in text
    assert "〓" not in text
    assert office.post(path, data={"name": "王", "firm": "甲公司"}).status_code == 409
    actions = [row.action for row in review.rows(AuditRow) if "letter" in row.action]
    assert actions == ["hold_letter", "continue_letter", "print_letter", "send_letter"]
