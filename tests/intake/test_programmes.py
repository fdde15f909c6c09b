"""Revisions of a running programme after other services' events, and two programmes at the same time."""

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


def handle(intake, event):
    """Handle one event, as the consumer does."""
    context = Context(actor=f"event:{event.TYPE}", now=START, tools=intake.process.tools)
    with intake.process.database.transaction() as uow:
        HANDLERS[type(event)](uow, event, context=context)


def interview_scored(application):
    return InterviewScored(application_id=application, programme=CODE, points=9000, sheets=5)


def applicant_waitlisted(application):
    return ApplicantWaitlisted(application_id=application, programme=CODE, rank=1)


def applicant_not_selected(application):
    return ApplicantNotSelected(application_id=application, programme=CODE, rank=71)


def student_admitted(application):
    return StudentAdmitted(
        application_id=application,
        programme=CODE,
        programme_version=1,
        letter_no="渝领训〔2021〕1号",
        rank=1,
        promoted=False,
        admitted_at=START,
        pay_by=START + timedelta(days=7),
        candidate=CANDIDATE,
    )


def revise(intake, **changes):
    """Publish the next version; return "revised" or the code of the refusal."""
    with intake.process.database.reader() as session:
        version = session.get_one(ProgrammeRow, CODE).version
    revised = Programme.model_validate(programme() | {"version": version + 1} | changes)
    try:
        with intake.process.database.transaction() as uow:
            actions.revise_programme(uow, revised, actor="clerk", now=START)
    except Conflict as refusal:
        return refusal.code
    return "revised"


def changed_fields():
    """Return another value for each field that can be frozen."""
    scoring = programme()["scoring"] | {"trim_from_panel_size": 7}
    fees = [line | {"amount_fen": line["amount_fen"] + 100} for line in programme()["fee_lines"]]
    return {"scoring": scoring, "quota": 60, "fee_lines": fees}


def revise_each(intake):
    """Try to revise each of these fields; return the results."""
    return [revise(intake, **{name: value}) for name, value in changed_fields().items()]


@pytest.fixture
def application(intake, applications):
    intake.file(applications[0])
    return intake.rows(Application)[0].id


def test_before_the_first_score_every_field_can_be_revised(intake, application):
    assert revise(intake, **changed_fields()) == "revised"
    assert len([row for row in intake.rows(OutboxRow) if ProgrammeRevised.TYPE in row.headers.values()]) == 1


@pytest.mark.parametrize(
    ("event", "results"),
    [
        (interview_scored, ["programme-scoring", "revised", "revised"]),
        (applicant_waitlisted, ["revised", "programme-quota", "revised"]),
        (applicant_not_selected, ["revised", "programme-quota", "revised"]),
        (student_admitted, ["revised", "programme-quota", "programme-fees"]),
    ],
)
def test_an_event_freezes_its_part_of_the_programme(intake, application, event, results):
    handle(intake, event(application))
    assert revise_each(intake) == results


@pytest.mark.parametrize(
    "order",
    [
        (interview_scored, applicant_waitlisted, student_admitted),
        (student_admitted, interview_scored),
        (applicant_not_selected, student_admitted, interview_scored),
    ],
)
def test_repeated_events_in_any_order_freeze_everything(intake, application, order):
    for event in (*order, *order):
        handle(intake, event(application))
    assert revise_each(intake) == ["programme-scoring", "programme-quota", "programme-fees"]
    notes = [row.details["reached"] for row in intake.rows(AuditRow) if row.action == "note_progress"]
    assert len(notes) <= 3


def test_a_refused_revision_changes_and_publishes_nothing(intake, application):
    handle(intake, student_admitted(application))
    published = len(intake.rows(OutboxRow))
    assert revise(intake, **changed_fields()) == "programme-quota"
    row = intake.rows(ProgrammeRow)[0]
    assert (row.version, row.data["quota"], len(intake.rows(OutboxRow))) == (1, 50, published)


def test_an_event_about_an_unknown_programme_is_out_of_order(intake):
    event = interview_scored(uuid4()).model_copy(update={"programme": "CQ-2031-ZJTX"})
    with pytest.raises(OutOfOrder):
        handle(intake, event)


def test_a_late_event_does_not_revert_the_outcome(intake, application):
    registered_event = StudentRegistered(application_id=application, programme=CODE, registered_at=START)
    verified = ApplicationVerified(application_id=application, programme=CODE, verified_at=START, candidate=CANDIDATE)
    certified = CertificateRecorded(application_id=application, programme=CODE, certified=True, hours=128, reasons=())
    shown = []
    for event in (
        student_admitted(application),
        verified,
        registered_event,
        student_admitted(application),
        certified,
        registered_event,
    ):
        handle(intake, event)
        shown.append(intake.rows(Application)[0].outcome)
    assert shown == [
        Outcome.ADMITTED,
        Outcome.ADMITTED,
        Outcome.REGISTERED,
        Outcome.REGISTERED,
        Outcome.CERTIFIED,
        Outcome.CERTIFIED,
    ]


def test_two_programmes_of_one_year_share_the_range_of_payment_references(intake, applications):
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


def test_the_bus_handles_exactly_its_subscriptions(intake):
    assert make_bus(intake.process).process is intake.process


def test_the_migrations_match_the_models(intake):
    assert differences(intake.process.settings.database_url, [infrastructure.metadata, registered.metadata]) == []
