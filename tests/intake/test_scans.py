"""How long scans are kept: those of an open application stay; those that nobody refers to, and those of one that was closed
long ago, are removed, file and row.
"""

from datetime import timedelta
from uuid import UUID

import pytest

from services.demo.programme import programme
from services.intake import actions
from services.intake.models import Application, StoredScan
from services.intake.rules.scans import ATTENDED, NOT_ADMITTED, UNREFERRED
from services.intake.states import Outcome
from services.intake.worker import run_due
from shared.context import Context
from shared.events.intake import Programme
from shared.persistence.models import AuditRow
from tests.processes import START

REMOVAL = START + UNREFERRED


def look(intake, now):
    with intake.process.database.transaction() as uow:
        run_due(uow, context=Context("timer", now, intake.process.tools))


def note(intake, application_id, outcome, closed_at):
    with intake.process.database.transaction() as uow:
        actions.note_outcome(uow, application_id, outcome, actor="test", now=START)
        actions.note_closing(uow, application_id, closed_at, actor="test", now=START)


def kept(intake):
    """Ids of the scans that have a row, and number of the files."""
    return {row.id for row in intake.rows(StoredScan)}, len(list((intake.folder / "files/scans").rglob("*-*-*-*-*")))


def test_scans_that_no_application_refers_to_are_removed_after_a_month_and_all_others_stay(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    filed = intake.post(body, key="key-000001").json()
    with intake.process.database.transaction() as uow:
        items = [{"item": "identity", "reason": "模糊"}]
        actions.note_return(uow, UUID(filed["id"]), items, correct_by=REMOVAL, actor="review", now=START)
    corrected = applications[0].request(intake.upload(applications[0]))
    assert intake.http.put(f"/intake/api/applications/{filed['id']}", json=corrected).status_code == 200
    draft = applications[1].request(intake.upload(applications[1]))
    assert intake.post(draft, key="key-000002", draft=True).status_code == 201
    referred = {UUID(scan["file_id"]) for one in (body, corrected, draft) for scan in one["scans"]}
    orphans = set(map(UUID, intake.upload(applications[2]).values()))
    look(intake, REMOVAL - timedelta(seconds=1))
    assert kept(intake) == (referred | orphans, len(referred | orphans))
    for _ in range(2):
        look(intake, REMOVAL)
        assert kept(intake) == (referred, len(referred))
    assert {row.kept_for for row in intake.rows(StoredScan)} == {row.id for row in intake.rows(Application)}
    removed = [row.subject for row in intake.rows(AuditRow) if row.action == "remove_scan"]
    assert set(removed) == {str(scan) for scan in orphans}


def filed(intake, application, scans):
    answer = intake.post(application.request(scans), key=f"key-{application.platform_no}")
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@pytest.mark.parametrize(
    ("outcome", "lasts"),
    [
        (Outcome.NOT_SELECTED, NOT_ADMITTED),
        (Outcome.REJECTED, NOT_ADMITTED),
        (Outcome.SEAT_RELEASED, NOT_ADMITTED),
        (Outcome.CERTIFIED, ATTENDED),
        (Outcome.NOT_CERTIFIED, ATTENDED),
    ],
)
def test_scans_of_a_closed_application_are_removed_after_its_time_and_not_before(intake, applications, outcome, lasts):
    closed, other = (intake.upload(one) for one in applications[:2])
    application_id = filed(intake, applications[0], closed)
    filed(intake, applications[1], other)
    note(intake, application_id, outcome, START)
    staying = set(map(UUID, other.values()))
    look(intake, START + lasts - timedelta(seconds=1))
    assert kept(intake) == (staying | set(map(UUID, closed.values())), len(staying) + len(closed))
    for _ in range(2):
        look(intake, START + lasts)
        assert kept(intake) == (staying, len(staying))
    (row,) = [row for row in intake.rows(Application) if row.id == application_id]
    assert row.scans_removed_at == START + lasts
    removed = {row.subject: row.details for row in intake.rows(AuditRow) if row.action == "remove_scan"}
    assert set(removed) == set(closed.values())
    assert {one["application"] for one in removed.values()} == {str(application_id)}
    assert all(len(one["sha256"]) == 64 for one in removed.values())


@pytest.mark.parametrize("outcome", [Outcome.ADMITTED, Outcome.REGISTERED, Outcome.WAITLISTED])
def test_scans_stay_with_a_seat_and_where_something_is_open_again(intake, applications, outcome):
    scans = intake.upload(applications[0])
    application_id = filed(intake, applications[0], scans)
    note(intake, application_id, outcome, START if outcome != Outcome.WAITLISTED else None)
    look(intake, START + 2 * ATTENDED)
    assert kept(intake) == (set(map(UUID, scans.values())), len(scans))


def test_a_withdrawal_after_all_was_closed_leaves_it_closed(intake, applications):
    application_id = filed(intake, applications[0], intake.upload(applications[0]))
    note(intake, application_id, Outcome.NOT_SELECTED, START)
    withdrawal = f"/intake/api/applications/{application_id}/withdrawal"
    assert intake.http.post(withdrawal, json={"reason": "不再参加"}).status_code == 200
    look(intake, START + NOT_ADMITTED)
    assert kept(intake) == (set(), 0)


def test_who_left_in_the_course_is_kept_as_long_as_others_who_attended(intake, applications):
    scans = intake.upload(applications[0])
    application_id = filed(intake, applications[0], scans)
    note(intake, application_id, Outcome.NOT_CERTIFIED, START)
    note(intake, application_id, Outcome.SEAT_RELEASED, START)
    look(intake, START + ATTENDED - timedelta(seconds=1))
    assert kept(intake) == (set(map(UUID, scans.values())), len(scans))
    look(intake, START + ATTENDED)
    assert kept(intake) == (set(), 0)


def test_a_scan_that_another_application_refers_to_stays_until_that_one_is_closed(intake, applications):
    scans = intake.upload(applications[0])
    first, second = (filed(intake, one, scans) for one in applications[:2])
    note(intake, first, Outcome.NOT_SELECTED, START)
    look(intake, START + NOT_ADMITTED)
    assert kept(intake) == (set(map(UUID, scans.values())), len(scans))
    note(intake, second, Outcome.NOT_SELECTED, START + NOT_ADMITTED)
    look(intake, START + 2 * NOT_ADMITTED)
    assert kept(intake) == (set(), 0)


def test_scans_of_a_draft_are_removed_after_it_expired_or_was_taken_back(intake, applications):
    ids = []
    for number in (0, 1):
        body = applications[number].request(intake.upload(applications[number]))
        ids.append(intake.post(body, key=f"key-00000{number}", draft=True).json()["id"])
    assert intake.http.post(f"/intake/api/applications/{ids[0]}/withdrawal", json={"reason": "误填"}).status_code == 200
    closes_at = Programme.model_validate(programme()).closes_at
    look(intake, closes_at)
    look(intake, closes_at + NOT_ADMITTED)
    assert kept(intake) == (set(), 0)
    assert len([row for row in intake.rows(Application) if row.scans_removed_at]) == 2
