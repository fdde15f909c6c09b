"""Events about one invented applicant, and helpers that pass them to the portal's handlers. Used by tests/portal."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.portal.bus import HANDLERS
from shared.context import Context
from shared.events import Event, Sealed
from shared.events.billing import FeePaid
from shared.events.envelope import Envelope, source_of
from shared.events.intake import ApplicationSubmitted, Firm, InvoiceTitle, Student
from shared.events.review import ApplicationVerified, Candidate
from shared.events.scheduling import InterviewScheduled
from shared.messaging.transport import Delivery
from tests.portal.conftest import NOW, Portal

APPLICATION = UUID("01890000-0000-7000-8000-000000000001")
SEALED = Sealed(sealed="CIPHERTEXT", index="HASH", mask="138****8000")


def submitted(kind: type[ApplicationSubmitted] = ApplicationSubmitted, **changes: Any) -> ApplicationSubmitted:
    """Return an application as intake publishes it; all people and firms are invented."""
    student = Student(
        name=changes.pop("name", "杨致远"),
        gender="female",
        born_on=date(1980, 1, 1),
        position="总经理",
        role="总经理",
        education="本科",
        resume="",
        identity=SEALED,
        mobile=SEALED,
        email=SEALED,
    )
    firm = Firm(
        name="重庆琮渟齿轮箱股份有限公司",
        former_name=None,
        credit_code="91500000MA00000000",
        address="",
        legal_representative="",
        founded_on=date(2010, 1, 1),
        scale="",
        ownership="",
        industry="",
        main_product="",
        tier="",
        tier_year=None,
        revenue_fen=(),
        research_fen=(),
        employees=1,
    )
    return kind(
        application_id=APPLICATION,
        application_no="BM2021-0001",
        programme="CQ-LJ-2021",
        platform_no="P-1",
        revision=changes.pop("revision", 1),
        submitted_at=NOW,
        unit_code="500103",
        recommendation="recommended",
        interview_mode="online",
        payment_reference="ZX21000889",
        student=student,
        firm=firm,
        invoice=InvoiceTitle(title="x", tax_number="91500000MA00000000", kind="normal"),
        scans=(),
    )


def interview() -> InterviewScheduled:
    return InterviewScheduled(
        application_id=APPLICATION,
        programme="CQ-LJ-2021",
        starts_at=datetime(2021, 12, 6, 1, tzinfo=UTC),
        ends_at=datetime(2021, 12, 6, 2, tzinfo=UTC),
        mode="online",
        place="会议 1",
        panel="第一组",
        judges=(),
    )


def verified() -> ApplicationVerified:
    candidate = Candidate(
        application_no="BM2021-0001",
        name="杨致远",
        position="总经理",
        firm_name="重庆琮渟齿轮箱股份有限公司",
        credit_code="91500000MA00000000",
        unit_code="500103",
        interview_mode="online",
        identity=SEALED,
        mobile=SEALED,
        email=SEALED,
    )
    return ApplicationVerified(application_id=APPLICATION, programme="CQ-LJ-2021", verified_at=NOW, candidate=candidate)


def paid() -> FeePaid:
    return FeePaid(application_id=APPLICATION, programme="CQ-LJ-2021", paid_fen=2500000, paid_at=NOW)


def handle(portal: Portal, event: Event, *, at: datetime, sequence: int = 1) -> None:
    """Pass the event to its handler, as the consumer does."""
    envelope = _envelope(event, at=at, sequence=sequence)
    context = Context(actor="event", now=at, tools=portal.process.tools, envelope=envelope)
    with portal.process.database.transaction() as uow:
        HANDLERS[type(event)](uow, event, context=context)


def delivery_of(event: Event, sequence: int) -> Delivery:
    """Return the event as the bus delivers it; `sequence` is also its hour."""
    envelope = _envelope(event, at=hour(sequence), sequence=sequence)
    return Delivery(None, envelope.headers, envelope.body, 0)


def _envelope(event: Event, *, at: datetime, sequence: int = 1) -> Envelope:
    return Envelope(
        id=uuid4(),
        type=event.TYPE,
        source=source_of(event.TYPE),
        subject=event.subject,
        sequence=sequence,
        time=at,
        correlation_id="c",
        body=event.model_dump_json().encode(),
    )


def hour(number: int) -> datetime:
    return NOW + timedelta(hours=number)
