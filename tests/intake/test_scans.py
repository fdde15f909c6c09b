"""Retention of scans: the timer removes file and row of unreferenced scans and of scans of long-closed applications."""

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


def run_timer(intake, now):
    with intake.process.database.transaction() as uow:
        run_due(uow, context=Context("timer", now, intake.process.tools))


def close(intake, application_id, outcome, closed_at):
    with intake.process.database.transaction() as uow:
        actions.note_outcome(uow, application_id, outcome, actor="test", now=START)
        actions.note_closing(uow, application_id, closed_at, actor="test", now=START)


def stored(intake):
    """Return the ids of the scan rows, and the number of scan files, each of which has the picture of its one page."""
    files = list((intake.folder / "files/scans").rglob("*-*-*-*-*"))
    pages = {file.name.removesuffix("-page-1") for file in files if file.name.endswith("-page-1")}
    assert pages == {file.name for file in files if "-page-" not in file.name}
    return {row.id for row in intake.rows(StoredScan)}, len(pages)


def test_unreferenced_scans_are_removed_after_a_month_and_all_others_stay(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    filed = intake.post(body, key="key-000001").json()
    with intake.process.database.transaction() as uow:
        items = [{"item": "identity", "reason": "模糊"}]
        actions.note_return(uow, UUID(filed["id"]), items, correct_by=REMOVAL, actor="review", now=START)
    corrected = applications[0].request(intake.upload(applications[0]))
    assert intake.http.put(f"/intake/api/applications/{filed['id']}", json=corrected).status_code == 200
    draft = applications[1].request(intake.upload(applications[1]))
    assert intake.post(draft, key="key-000002", draft=True).status_code == 201
    referred = {UUID(scan["file_id"]) for item in (body, corrected, draft) for scan in item["scans"]}
    orphans = set(map(UUID, intake.upload(applications[2]).values()))
    run_timer(intake, REMOVAL - timedelta(seconds=1))
    assert stored(intake) == (referred | orphans, len(referred | orphans))
    for _ in range(2):
        run_timer(intake, REMOVAL)
        assert stored(intake) == (referred, len(referred))
    assert {row.kept_for for row in intake.rows(StoredScan)} == {row.id for row in intake.rows(Application)}
    removed = [row.subject for row in intake.rows(AuditRow) if row.action == "remove_scan"]
    assert set(removed) == {str(scan) for scan in orphans}


def filed(intake, application, scans):
    answer = intake.post(application.request(scans), key=f"key-{application.platform_no}")
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@pytest.mark.parametrize(
    ("outcome", "retention"),
    [
        (Outcome.NOT_SELECTED, NOT_ADMITTED),
        (Outcome.REJECTED, NOT_ADMITTED),
        (Outcome.SEAT_RELEASED, NOT_ADMITTED),
        (Outcome.CERTIFIED, ATTENDED),
        (Outcome.NOT_CERTIFIED, ATTENDED),
    ],
)
def test_scans_of_a_closed_application_are_removed_exactly_after_their_retention(
    intake, applications, outcome, retention
):
    closed, other = (intake.upload(item) for item in applications[:2])
    application_id = filed(intake, applications[0], closed)
    filed(intake, applications[1], other)
    close(intake, application_id, outcome, START)
    remaining = set(map(UUID, other.values()))
    run_timer(intake, START + retention - timedelta(seconds=1))
    assert stored(intake) == (remaining | set(map(UUID, closed.values())), len(remaining) + len(closed))
    for _ in range(2):
        run_timer(intake, START + retention)
        assert stored(intake) == (remaining, len(remaining))
    (row,) = [row for row in intake.rows(Application) if row.id == application_id]
    assert row.scans_removed_at == START + retention
    removed = {row.subject: row.details for row in intake.rows(AuditRow) if row.action == "remove_scan"}
    assert set(removed) == set(closed.values())
    assert {item["application"] for item in removed.values()} == {str(application_id)}
    assert all(len(item["sha256"]) == 64 for item in removed.values())


@pytest.mark.parametrize("outcome", [Outcome.ADMITTED, Outcome.REGISTERED, Outcome.WAITLISTED])
def test_scans_stay_while_a_seat_is_held_or_a_matter_is_reopened(intake, applications, outcome):
    scans = intake.upload(applications[0])
    application_id = filed(intake, applications[0], scans)
    close(intake, application_id, outcome, START if outcome != Outcome.WAITLISTED else None)
    run_timer(intake, START + 2 * ATTENDED)
    assert stored(intake) == (set(map(UUID, scans.values())), len(scans))


def test_a_withdrawal_does_not_reopen_a_closed_application(intake, applications):
    application_id = filed(intake, applications[0], intake.upload(applications[0]))
    close(intake, application_id, Outcome.NOT_SELECTED, START)
    withdrawal = f"/intake/api/applications/{application_id}/withdrawal"
    assert intake.http.post(withdrawal, json={"reason": "不再参加"}).status_code == 200
    run_timer(intake, START + NOT_ADMITTED)
    assert stored(intake) == (set(), 0)


def test_scans_of_a_dropout_are_kept_as_long_as_those_of_other_participants(intake, applications):
    scans = intake.upload(applications[0])
    application_id = filed(intake, applications[0], scans)
    close(intake, application_id, Outcome.NOT_CERTIFIED, START)
    close(intake, application_id, Outcome.SEAT_RELEASED, START)
    run_timer(intake, START + ATTENDED - timedelta(seconds=1))
    assert stored(intake) == (set(map(UUID, scans.values())), len(scans))
    run_timer(intake, START + ATTENDED)
    assert stored(intake) == (set(), 0)


def test_a_shared_scan_stays_until_both_applications_are_closed(intake, applications):
    scans = intake.upload(applications[0])
    first, second = (filed(intake, item, scans) for item in applications[:2])
    close(intake, first, Outcome.NOT_SELECTED, START)
    run_timer(intake, START + NOT_ADMITTED)
    assert stored(intake) == (set(map(UUID, scans.values())), len(scans))
    close(intake, second, Outcome.NOT_SELECTED, START + NOT_ADMITTED)
    run_timer(intake, START + 2 * NOT_ADMITTED)
    assert stored(intake) == (set(), 0)


def test_scans_of_an_expired_or_withdrawn_draft_are_removed(intake, applications):
    ids = []
    for number in (0, 1):
        body = applications[number].request(intake.upload(applications[number]))
        ids.append(intake.post(body, key=f"key-00000{number}", draft=True).json()["id"])
    assert intake.http.post(f"/intake/api/applications/{ids[0]}/withdrawal", json={"reason": "误填"}).status_code == 200
    closes_at = Programme.model_validate(programme()).closes_at
    run_timer(intake, closes_at)
    run_timer(intake, closes_at + NOT_ADMITTED)
    assert stored(intake) == (set(), 0)
    assert len([row for row in intake.rows(Application) if row.scans_removed_at]) == 2
