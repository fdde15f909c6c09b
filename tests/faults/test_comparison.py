"""The comparison detects errors: tests delete or duplicate applications in the rows of a real installation."""

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlmodel import SQLModel, delete, select

from services.demo.programme import CODE
from services.intake.models import Application, Consent, ConsentLink
from services.portal.models import Occurrence
from services.review.models import Case
from shared.persistence.database import Database
from shared.persistence.models import InboxRow, JobRow
from shared.wiring.registry import SERVICES
from tests.faults.client import Poster
from tests.faults.comparison import compare
from tests.faults.delays import InjectedFault, handled_after, recoveries
from tests.faults.evidence import SUBMITTED, collect_evidence
from tests.faults.ledger import Ledger
from tests.faults.opening import open_for_filing
from tests.faults.plan import Fault
from tests.journeys.installations import start_embedded, stop
from tests.servers.processes import free_port

POSTED = 5


class Rows:
    """A copy of an installation's rows and mails, which one test may corrupt."""

    def __init__(self, folder: Path, ledger: Ledger, stack: ExitStack) -> None:
        self.ledger, self.mail = ledger, folder / "mail"
        self.databases = {
            name: stack.enter_context(closing(Database(f"sqlite:///{folder}/{name}.db"))) for name in SERVICES
        }

    def failing_lines(self) -> list[str]:
        """Return the lines that do not hold."""
        return [
            line.text for line in compare(self.ledger, collect_evidence(self.databases, self.mail)) if not line.holds
        ]

    def delete_rows(self, service: str, table: type[SQLModel], **where: object) -> None:
        """Delete the matching rows."""
        with self.databases[service].transaction() as uow:
            uow.session.exec(delete(table).filter_by(**where))

    def duplicate_row(self, service: str, table: type[SQLModel], **fresh: object) -> None:
        """Insert a copy of the first row with the values of `fresh`, above all another key."""
        with self.databases[service].transaction() as uow:
            row = uow.session.exec(select(table)).first()
            assert row is not None
            uow.session.add(table(**row.model_dump() | fresh))


@pytest.fixture(scope="module")
def handled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """The data folder of a stopped installation that handled five applications, and their ledger."""
    folder, ledger = tmp_path_factory.mktemp("faults") / "data", Ledger()
    installation = start_embedded(folder, free_port(), None)
    try:
        poster = Poster(open_for_filing(installation), ledger, programme=CODE, seed=1, rate=20)
        poster.start()
        _await(lambda: len(ledger.accepted) >= POSTED)
        poster.stop()
        _await(lambda: not poster.pending_requests())
        _await(lambda: len(list((folder / "mail").glob("*.eml"))) == len(ledger.accepted))
        with ExitStack() as stack:
            rows = Rows(folder, ledger, stack)
            _await(lambda: not rows.failing_lines())
    finally:
        stop(installation)
    return folder, ledger


@pytest.fixture
def rows(handled: tuple[Path, Ledger], tmp_path: Path) -> Iterator[Rows]:
    folder, ledger = handled
    shutil.copytree(folder, tmp_path / "data")
    with ExitStack() as stack:
        yield Rows(tmp_path / "data", ledger, stack)


def _await(holds) -> None:
    ends = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_all_lines_hold_when_all_accepted_applications_are_handled(rows):
    assert rows.failing_lines() == []


def test_an_application_that_intake_lost_is_reported(rows):
    lost = rows.ledger.accepted[0]
    for table in (Consent, ConsentLink):
        rows.delete_rows("intake", table, application_id=UUID(lost.application_id))
    rows.delete_rows("intake", Application, platform_no=lost.platform_no)
    assert rows.failing_lines() == [f"intake's applications: {len(rows.ledger.accepted) - 1}, lost: 1"]


def test_an_application_without_a_case_in_review_is_reported(rows):
    rows.delete_rows("review", Case, platform_no=rows.ledger.accepted[0].platform_no)
    assert rows.failing_lines() == [f"review's cases: {len(rows.ledger.accepted) - 1}, lost: 1"]


def test_a_duplicate_case_is_reported(rows):
    rows.duplicate_row("review", Case, id=uuid4())
    assert rows.failing_lines() == ["review's cases: doubled: 1"]


def test_a_duplicate_timeline_entry_is_reported(rows):
    with rows.databases["portal"].transaction() as uow:
        row = uow.session.exec(select(Occurrence).where(Occurrence.type == SUBMITTED)).first()
        uow.session.add(Occurrence(**row.model_dump() | {"event_id": uuid4()}))
    assert rows.failing_lines() == ["the portal's timelines: doubled: 1"]


def test_an_unsent_notice_is_reported(rows):
    next(rows.mail.glob("*.eml")).unlink()
    assert rows.failing_lines() == [f"mails to the students: {len(rows.ledger.accepted) - 1}, lost: 1"]


def test_a_notice_that_was_sent_twice_is_reported(rows):
    mail = next(rows.mail.glob("*.eml"))
    shutil.copy(mail, mail.with_name(f"{uuid4()}.eml"))
    assert rows.failing_lines() == ["mails to the students: doubled: 1"]


def test_a_failed_job_is_reported(rows):
    rows.duplicate_row("intake", JobRow, id=uuid4(), state="failed")
    assert rows.failing_lines() == ["failed jobs: 1"]


def test_an_application_that_is_not_in_the_ledger_is_reported(rows):
    missing = rows.ledger.accepted.pop()
    try:
        assert [line.split(":")[-2:] for line in rows.failing_lines()] == [[" never accepted", " 1"]] * 6
    finally:
        rows.ledger.accepted.append(missing)


def test_a_refused_and_an_unanswered_request_are_reported(rows):
    rows.ledger.record_refused("X-1", "409")
    rows.ledger.record_unanswered("X-2", "no answer")
    try:
        assert rows.failing_lines() == ["never answered: 1", "refused: 1"]
    finally:
        rows.ledger.refused.clear()
        rows.ledger.unanswered.clear()


def test_a_recovery_lasts_until_a_later_application_is_handled_everywhere(rows):
    evidence, ledger = collect_evidence(rows.databases, rows.mail), rows.ledger
    first, last = (pick(entry.sent_at for entry in ledger.accepted) for pick in (min, max))
    fault = Fault(0, "intake-web", "kill", 1.5)
    known, unseen = InjectedFault(fault, first), InjectedFault(fault, last + 1)
    [row] = recoveries([known], ledger, evidence)
    assert (row.kind, row.act, row.count, row.away) == ("web", "kill", 1, 1.5)
    assert row.worst is not None
    assert row.worst > 0
    [row] = recoveries([known, unseen], ledger, evidence)
    assert row.worst is None
    assert len(handled_after(ledger, evidence)) == len(ledger.accepted)


def test_an_application_that_review_did_not_handle_has_no_delay(rows):
    rows.delete_rows("review", InboxRow, type=SUBMITTED)
    assert handled_after(rows.ledger, collect_evidence(rows.databases, rows.mail)) == []
