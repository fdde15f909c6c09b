"""How long scans are kept: those of an application stay, those that nobody refers to are removed, file and row."""

from datetime import timedelta
from uuid import UUID

from services.intake import actions
from services.intake.models import Application, StoredScan
from services.intake.rules.scans import UNREFERRED_DAYS
from services.intake.worker import run_due
from shared.context import Context
from shared.models import AuditRow
from tests.processes import START

REMOVAL = START + timedelta(days=UNREFERRED_DAYS)


def look(intake, now):
    with intake.process.database.transaction() as session:
        run_due(session, context=Context("timer", now, intake.process.tools))


def kept(intake):
    """Ids of the scans that have a row, and number of the files."""
    return {row.id for row in intake.rows(StoredScan)}, len(list((intake.folder / "files/scans").rglob("*-*-*-*-*")))


def test_scans_that_no_application_refers_to_are_removed_after_a_month_and_all_others_stay(intake, applications):
    body = applications[0].request(intake.upload(applications[0]))
    filed = intake.post(body, key="key-000001").json()
    with intake.process.database.transaction() as session:
        items = [{"item": "identity", "reason": "模糊"}]
        actions.note_return(session, UUID(filed["id"]), items, correct_by=REMOVAL, actor="review", now=START)
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
