"""The proof that the comparison goes red: rows of a real house, from which an application is taken, or doubled."""

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
from tests.faults.client import Poster
from tests.faults.comparison import compare
from tests.faults.delays import Suffered, handled_after, recoveries
from tests.faults.evidence import SUBMITTED, look
from tests.faults.ledger import Ledger
from tests.faults.opening import open_doors
from tests.faults.plan import SERVICES, Fault
from tests.journeys.installations import free_port, start_embedded, stop

POSTED = 5


class Rows:
    """A copy of a house's rows and letters, for one test to spoil."""

    def __init__(self, folder: Path, ledger: Ledger, stack: ExitStack) -> None:
        self.ledger, self.mail = ledger, folder / "mail"
        self.databases = {
            name: stack.enter_context(closing(Database(f"sqlite:///{folder}/{name}.db"))) for name in SERVICES
        }

    def red(self) -> list[str]:
        """The lines that do not hold."""
        return [line.text for line in compare(self.ledger, look(self.databases, self.mail)) if not line.holds]

    def lose(self, service: str, table: type[SQLModel], **where: object) -> None:
        """Takes rows out."""
        with self.databases[service].transaction() as uow:
            uow.session.exec(delete(table).filter_by(**where))

    def double(self, service: str, table: type[SQLModel], **fresh: object) -> None:
        """Puts a row in a second time, under another key."""
        with self.databases[service].transaction() as uow:
            row = uow.session.exec(select(table)).first()
            assert row is not None
            uow.session.add(table(**row.model_dump() | fresh))


@pytest.fixture(scope="module")
def handled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ledger]:
    """A house at rest that took five applications, and their ledger."""
    folder, ledger = tmp_path_factory.mktemp("faults") / "house", Ledger()
    installation = start_embedded(folder, free_port(), None)
    try:
        poster = Poster(open_doors(installation), ledger, programme=CODE, seed=1, rate=20)
        poster.start()
        _await(lambda: len(ledger.accepted) >= POSTED)
        poster.stop()
        _await(lambda: not poster.under_way())
        _await(lambda: len(list((folder / "mail").glob("*.eml"))) == len(ledger.accepted))
        with ExitStack() as stack:
            rows = Rows(folder, ledger, stack)
            _await(lambda: not rows.red())
    finally:
        stop(installation)
    return folder, ledger


@pytest.fixture
def rows(handled: tuple[Path, Ledger], tmp_path: Path) -> Iterator[Rows]:
    folder, ledger = handled
    shutil.copytree(folder, tmp_path / "house")
    with ExitStack() as stack:
        yield Rows(tmp_path / "house", ledger, stack)


def _await(holds) -> None:
    ends = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_what_was_accepted_and_handled_is_green(rows):
    assert rows.red() == []


def test_an_application_that_intake_lost_is_red(rows):
    lost = rows.ledger.accepted[0]
    for table in (Consent, ConsentLink):
        rows.lose("intake", table, application_id=UUID(lost.application_id))
    rows.lose("intake", Application, platform_no=lost.platform_no)
    assert rows.red() == [f"intake's applications: {len(rows.ledger.accepted) - 1}, lost: 1"]


def test_an_application_that_review_never_heard_of_is_red(rows):
    rows.lose("review", Case, platform_no=rows.ledger.accepted[0].platform_no)
    assert rows.red() == [f"review's cases: {len(rows.ledger.accepted) - 1}, lost: 1"]


def test_a_case_that_was_opened_twice_is_red(rows):
    rows.double("review", Case, id=uuid4())
    assert rows.red() == ["review's cases: doubled: 1"]


def test_an_event_that_stands_twice_in_the_timeline_is_red(rows):
    with rows.databases["portal"].transaction() as uow:
        row = uow.session.exec(select(Occurrence).where(Occurrence.type == SUBMITTED)).first()
        uow.session.add(Occurrence(**row.model_dump() | {"event_id": uuid4()}))
    assert rows.red() == ["the portal's timelines: doubled: 1"]


def test_a_notice_that_was_never_sent_is_red(rows):
    next(rows.mail.glob("*.eml")).unlink()
    assert rows.red() == [f"letters to the students: {len(rows.ledger.accepted) - 1}, lost: 1"]


def test_a_notice_that_was_sent_twice_is_red(rows):
    letter = next(rows.mail.glob("*.eml"))
    shutil.copy(letter, letter.with_name(f"{uuid4()}.eml"))
    assert rows.red() == ["letters to the students: doubled: 1"]


def test_a_job_that_failed_is_red(rows):
    rows.double("intake", JobRow, id=uuid4(), state="failed")
    assert rows.red() == ["failed jobs: 1"]


def test_an_application_that_nobody_was_promised_is_red(rows):
    missing = rows.ledger.accepted.pop()
    try:
        assert [line.split(":")[-2:] for line in rows.red()] == [[" never accepted", " 1"]] * 6
    finally:
        rows.ledger.accepted.append(missing)


def test_a_client_that_was_refused_or_never_answered_is_red(rows):
    rows.ledger.refuse("X-1", "409")
    rows.ledger.give_up("X-2", "nobody answers")
    try:
        assert rows.red() == ["never answered: 1", "refused: 1"]
    finally:
        rows.ledger.refused.clear()
        rows.ledger.unanswered.clear()


def test_a_recovery_lasts_until_an_application_posted_after_the_fault_has_arrived_everywhere(rows):
    evidence, ledger = look(rows.databases, rows.mail), rows.ledger
    first, last = (pick(entry.sent_at for entry in ledger.accepted) for pick in (min, max))
    fault = Fault(0, "intake-web", "kill", 1.5)
    known, unseen = Suffered(fault, first), Suffered(fault, last + 1)
    [row] = recoveries([known], ledger, evidence)
    assert (row.kind, row.act, row.count, row.away) == ("web", "kill", 1, 1.5)
    assert row.worst is not None
    assert row.worst > 0
    [row] = recoveries([known, unseen], ledger, evidence)
    assert row.worst is None
    assert len(handled_after(ledger, evidence)) == len(ledger.accepted)


def test_what_review_never_heard_has_no_delay(rows):
    rows.lose("review", InboxRow, type=SUBMITTED)
    assert handled_after(rows.ledger, look(rows.databases, rows.mail)) == []
