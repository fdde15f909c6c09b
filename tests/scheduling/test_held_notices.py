"""A notice whose text no font covers waits: it is not sent, its person's page names the characters, and a person continues
it."""

import pytest

from services.scheduling import actions
from services.scheduling.models import Interview, Notice
from services.scheduling.queries import stats
from shared.foundation.errors import Conflict
from shared.persistence.models import AuditRow, JobRow
from tests.processes import sent_mails
from tests.scheduling.test_interviews import book_all
from tests.scheduling.test_pages import client

UNKNOWN = "王\U000f0000"


def rename(scheduling, name):
    """Give every booked candidate this name, as an event with a rare character brings it."""
    with scheduling.transaction() as uow:
        for row in scheduling.rows(Interview):
            uow.session.get_one(Interview, row.id).candidate_name = name


@pytest.fixture
def held(scheduling):
    scheduling.enter_panels()
    [person] = scheduling.verify()
    book_all(scheduling)
    rename(scheduling, UNKNOWN)
    scheduling.run_jobs()
    return person


def test_an_interview_notice_that_cannot_be_printed_waits_and_the_candidates_page_names_the_characters(
    scheduling, held
):
    [notice] = scheduling.rows(Notice)
    assert (notice.sent_at, notice.held_for) == (None, "\U000f0000(U+F0000)")
    assert sent_mails(scheduling.folder) == []
    assert scheduling.rows(JobRow)[-1].outcome == "waits for a person"
    assert scheduling.ask(stats)["notices_sent"] == 0
    page = client(scheduling, "scheduler").get(f"/scheduling/candidates/{held}", headers={"Accept": "text/html"}).text
    assert "尚未发送" in page
    assert "U+F0000" in page
    assert "继续发送" in page
    read_only = client(scheduling, "auditor").get(f"/scheduling/candidates/{held}", headers={"Accept": "text/html"})
    assert "继续发送" not in read_only.text


def test_a_held_notice_is_continued_once_its_text_can_be_printed(scheduling, held):
    [notice] = scheduling.rows(Notice)
    path = f"/scheduling/notices/{notice.id}/continuation"
    assert client(scheduling, "registrar").post(path).status_code == 403
    assert client(scheduling, "scheduler").post(path).status_code == 303
    assert scheduling.run_jobs()[-1] == "waits for a person"
    rename(scheduling, "王一")
    scheduling.act(actions.continue_notice, notice.id)
    assert scheduling.run_jobs()[-1] == "sent"
    [notice] = scheduling.rows(Notice)
    assert (bool(notice.sent_at), notice.held_for, len(sent_mails(scheduling.folder))) == (True, "", 1)
    taken = [row.action for row in scheduling.rows(AuditRow) if "notice" in row.action]
    assert taken == ["hold_notice", "continue_notice", "hold_notice", "continue_notice"]


def test_a_notice_that_does_not_wait_is_not_continued(scheduling, held):
    [notice] = scheduling.rows(Notice)
    rename(scheduling, "王一")
    scheduling.act(actions.continue_notice, notice.id)
    with pytest.raises(Conflict, match="不在等待处理"):
        scheduling.act(actions.continue_notice, notice.id)


def test_a_calendar_that_cannot_be_printed_waits_for_every_student(scheduling, plan, monkeypatch):
    scheduling.admit(2)
    scheduling.enter_teaching()
    monkeypatch.setattr("services.scheduling.tasks.uncovered_in", lambda document: "\U000f0000(U+F0000)")
    scheduling.publish_plan(plan)
    outcomes = scheduling.run_jobs()
    assert outcomes.count("waits for a person") == 2
    assert {notice.held_for for notice in scheduling.rows(Notice)} == {"\U000f0000(U+F0000)"}
    assert sent_mails(scheduling.folder) == []
    monkeypatch.undo()
    for notice in scheduling.rows(Notice):
        scheduling.act(actions.continue_notice, notice.id)
    assert scheduling.run_jobs() == ["sent", "sent"]
