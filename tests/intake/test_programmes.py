"""Revising a programme while it runs, as intake hears what the others have begun; and two programmes side by side."""

from datetime import timedelta
from uuid import uuid4

import pytest

from services.demo.programme import CODE, programme
from services.intake import actions
from services.intake.bus import HANDLERS, make_bus
from services.intake.models import Application, ProgrammeRow, registered
from services.intake.states import Outcome
from shared.context import Context
from shared.events import Sealed
from shared.events.intake import Programme, ProgrammeRevised
from shared.events.review import (
    ApplicantNotSelected,
    ApplicantWaitlisted,
    ApplicationVerified,
    Candidate,
    InterviewScored,
    StudentAdmitted,
)
from shared.events.scheduling import CertificateRecorded, StudentRegistered
from shared.foundation.errors import Conflict, OutOfOrder
from shared.persistence.models import AuditRow, OutboxRow, infrastructure
from shared.persistence.schema import differences
from tests.processes import START

SEALED = Sealed(sealed="x", index="x", mask="x")
CANDIDATE = Candidate(
    application_no="n",
    name="杨致远",
    position="总经理",
    firm_name="示例企业",
    credit_code="c",
    unit_code="u",
    interview_mode="online",
    identity=SEALED,
    mobile=SEALED,
    email=SEALED,
)


def hear(intake, event):
    """One event, as the consumer hands it over."""
    context = Context(actor=f"event:{event.TYPE}", now=START, tools=intake.process.tools)
    with intake.process.database.transaction() as uow:
        HANDLERS[type(event)](uow, event, context=context)


def scored(application):
    return InterviewScored(application_id=application, programme=CODE, points=9000, sheets=5)


def waitlisted(application):
    return ApplicantWaitlisted(application_id=application, programme=CODE, rank=1)


def not_selected(application):
    return ApplicantNotSelected(application_id=application, programme=CODE, rank=71)


def admitted(application):
    return StudentAdmitted(
        application_id=application,
        programme=CODE,
        programme_version=1,
        letter_no="渝领训〔2021〕第001号",
        rank=1,
        promoted=False,
        admitted_at=START,
        pay_by=START + timedelta(days=7),
        candidate=CANDIDATE,
    )


def revise(intake, **changes):
    """The next version, now; "revised" or the code of the refusal."""
    with intake.process.database.reader() as session:
        version = session.get_one(ProgrammeRow, CODE).version
    given = Programme.model_validate(programme() | {"version": version + 1} | changes)
    try:
        with intake.process.database.transaction() as uow:
            actions.revise_programme(uow, given, actor="clerk", now=START)
    except Conflict as refusal:
        return refusal.code
    return "revised"


def changed():
    """Field -> another value, for each part that freezes on the way."""
    scoring = programme()["scoring"] | {"trim_from_panel_size": 7}
    fees = [line | {"amount_fen": line["amount_fen"] + 100} for line in programme()["fee_lines"]]
    return {"scoring": scoring, "quota": 60, "fee_lines": fees}


def frozen(intake):
    """What each change of one part is answered."""
    return [revise(intake, **{name: value}) for name, value in changed().items()]


@pytest.fixture
def application(intake, applications):
    intake.file(applications[0])
    return intake.rows(Application)[0].id


def test_before_anybody_is_scored_the_numbers_may_still_be_revised(intake, application):
    assert revise(intake, **changed()) == "revised"
    assert len([row for row in intake.rows(OutboxRow) if ProgrammeRevised.TYPE in row.headers.values()]) == 1


@pytest.mark.parametrize(
    ("event", "answers"),
    [
        (scored, ["programme-scoring", "revised", "revised"]),
        (waitlisted, ["revised", "programme-quota", "revised"]),
        (not_selected, ["revised", "programme-quota", "revised"]),
        (admitted, ["revised", "programme-quota", "programme-fees"]),
    ],
)
def test_what_is_heard_freezes_its_part_of_the_programme(intake, application, event, answers):
    hear(intake, event(application))
    assert frozen(intake) == answers


@pytest.mark.parametrize(
    "order", [(scored, waitlisted, admitted), (admitted, scored), (not_selected, admitted, scored)]
)
def test_in_any_order_and_heard_twice_everything_is_frozen_in_the_end(intake, application, order):
    for event in (*order, *order):
        hear(intake, event(application))
    assert frozen(intake) == ["programme-scoring", "programme-quota", "programme-fees"]
    notes = [row.details["reached"] for row in intake.rows(AuditRow) if row.action == "note_progress"]
    assert len(notes) <= 3


def test_a_refused_revision_leaves_the_programme_and_says_nothing(intake, application):
    hear(intake, admitted(application))
    said = len(intake.rows(OutboxRow))
    assert revise(intake, **changed()) == "programme-quota"
    row = intake.rows(ProgrammeRow)[0]
    assert (row.version, row.data["quota"], len(intake.rows(OutboxRow))) == (1, 50, said)


def test_what_is_heard_of_an_unknown_programme_waits(intake):
    event = scored(uuid4()).model_copy(update={"programme": "CQ-2031-ZJTX"})
    with pytest.raises(OutOfOrder):
        hear(intake, event)


def test_an_event_that_comes_late_does_not_turn_the_shown_outcome_back(intake, application):
    registered_event = StudentRegistered(application_id=application, programme=CODE, registered_at=START)
    verified = ApplicationVerified(application_id=application, programme=CODE, verified_at=START, candidate=CANDIDATE)
    certified = CertificateRecorded(application_id=application, programme=CODE, certified=True, hours=128, reasons=())
    shown = []
    for event in (
        admitted(application),
        verified,
        registered_event,
        admitted(application),
        certified,
        registered_event,
    ):
        hear(intake, event)
        shown.append(intake.rows(Application)[0].outcome)
    assert shown == [
        Outcome.ADMITTED,
        Outcome.ADMITTED,
        Outcome.REGISTERED,
        Outcome.REGISTERED,
        Outcome.CERTIFIED,
        Outcome.CERTIFIED,
    ]


def test_two_programmes_of_one_year_never_give_the_same_payment_reference(intake, applications):
    second = Programme.model_validate(programme() | {"code": "CQ-2021-SECOND"})
    with intake.process.database.transaction() as uow:
        actions.publish_programme(uow, second, actor="clerk", now=START, keys=intake.process.tools.keys)
    scans = {}
    for scan in applications[1].scans:
        answer = intake.http.post(
            "/intake/api/files",
            params={"programme": second.code},
            content=scan.content(),
            headers={"Content-Type": scan.media_type},
        )
        scans[scan.kind] = answer.json()["id"]
    body = applications[1].request(scans) | {"programme": second.code}
    filed = [intake.file(applications[0]), intake.post(body, key="second-000001"), intake.file(applications[2])]
    assert [answer.status_code for answer in filed] == [201, 201, 201]
    references = [answer.json()["payment_reference"] for answer in filed]
    assert references == ["ZX21000113", "ZX21000210", "ZX21000307"]
    assert [answer.json()["application_no"] for answer in filed] == [
        f"{CODE}-0001",
        "CQ-2021-SECOND-0001",
        f"{CODE}-0002",
    ]


def test_the_bus_hears_exactly_what_the_table_of_listeners_says(intake):
    assert make_bus(intake.process).process is intake.process


def test_the_migrations_make_the_tables_of_the_code(intake):
    assert differences(intake.process.settings.database_url, [infrastructure.metadata, registered.metadata]) == []
