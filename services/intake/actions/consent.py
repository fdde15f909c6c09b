"""The student's own consent, given through a link.

PIPL, arts. 23 and 29, require separate consent. The firm files the application, so the student confirms in person.
"""

import secrets
from datetime import datetime
from uuid import UUID, uuid4

from sqlmodel import Session, select

from services.intake.actions.locking import known_application
from services.intake.errors import UnknownApplication
from services.intake.jobs import SendConsentRequest
from services.intake.models import Application, Consent, ConsentLink
from services.intake.rules.secrets import hash_of
from services.intake.states import ApplicationState
from shared.events.intake import StudentConsented
from shared.foundation.errors import Conflict, NotFound
from shared.jobs.job import enqueue
from shared.persistence.unit_of_work import UnitOfWork

TEXT_VERSION = "2021-11-22"


def request_consent(uow: UnitOfWork, application_id: UUID, *, actor: str, now: datetime) -> None:
    """Send the student a new consent link. Raises UnknownApplication, and Conflict if the student has already confirmed."""
    row = uow.get_locked(Application, application_id)
    if row is None:
        raise UnknownApplication
    if row.consented_at:
        raise Conflict("学员已经确认,无需再次通知。", code="already-consented")
    uow.record("request_consent", str(row.id), actor=actor, now=now)
    enqueue(uow, SendConsentRequest(application_id=row.id))


def renew_consent_link(uow: UnitOfWork, application_id: UUID, *, now: datetime) -> str:
    """Replace the application's consent link and return the new token. The previous link becomes invalid."""
    token = secrets.token_urlsafe(32)
    link = uow.session.get(ConsentLink, application_id)
    if link is None:
        link = ConsentLink(application_id=application_id, token_hash="", sent_at=now)
    link.token_hash, link.sent_at = hash_of(token), now
    uow.session.add(link)
    return token


def application_behind(session: Session, token: str) -> Application:
    """Return the application of a consent link. Raises NotFound for a replaced or unknown link."""
    link = session.exec(select(ConsentLink).where(ConsentLink.token_hash == hash_of(token))).first()
    if link is None:
        raise NotFound("确认链接无效或已更换,请使用最近一次通知中的链接。", code="consent-link")
    return session.get_one(Application, link.application_id)


def confirm_consent(uow: UnitOfWork, token: str, *, actor: str, now: datetime) -> Application:
    """Record the student's consent and publish StudentConsented. A repeat changes nothing.

    Raises NotFound for an invalid link, Conflict if the application was withdrawn or has expired.
    """
    row = known_application(uow, application_behind(uow.session, token).id)
    if row.consented_at:
        return row
    if row.state in (ApplicationState.WITHDRAWN, ApplicationState.EXPIRED):
        raise Conflict("这份报名已撤回或失效,无需确认。", code="application-ended")
    row.consented_at = now
    uow.session.add(row)
    uow.session.add(
        Consent(
            id=uuid4(),
            application_id=row.id,
            kind="personal",
            text_version=TEXT_VERSION,
            accepted_at=now,
            accepted_by=row.student_name,
            channel="link",
        )
    )
    uow.record("confirm_consent", str(row.id), actor=actor, now=now)
    uow.publish(StudentConsented(application_id=row.id, consented_at=now, text_version=TEXT_VERSION), now=now)
    return row
