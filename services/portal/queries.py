"""The portal's questions: accounts, an applicant's timeline, what happened last, the dead letters. Called by pages and actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from services.portal.errors import UnknownAccount, UnknownApplicant
from services.portal.models import Account, Applicant, DeadLetter, Occurrence
from services.portal.rules.sentences import sentence
from services.portal.states import SERVICES, AccountState


@dataclass(frozen=True)
class TimelineItem:
    """One line of a timeline: when, what (`values` belong into the {names} of `text`), who said so, whom it concerns."""

    at: datetime
    title: str
    text: str
    values: Mapping[str, object]
    tone: str
    who: str
    applicant: Applicant | None = None


def account_named(session: Session, account: str) -> Account:
    """The account. Raises UnknownAccount."""
    row = session.get(Account, account)
    if row is None:
        raise UnknownAccount
    return row


def has_accounts(session: Session) -> bool:
    """Whether there is any account yet."""
    return session.exec(select(Account.account).limit(1)).first() is not None


def open_administrators(session: Session, *, except_for: str) -> int:
    """Open accounts of other administrators."""
    accounts = session.exec(select(Account).where(Account.state == AccountState.OPEN, Account.account != except_for))
    return sum("administrator" in account.roles for account in accounts)


def applicant_with(session: Session, application_id: UUID) -> Applicant:
    """The applicant. Raises UnknownApplicant."""
    row = session.get(Applicant, application_id)
    if row is None:
        raise UnknownApplicant
    return row


def timeline_of(session: Session, application_id: UUID) -> list[TimelineItem]:
    """Everything heard of one application, newest first."""
    heard = session.exec(
        select(Occurrence)
        .where(Occurrence.subject == str(application_id))
        .order_by(col(Occurrence.occurred_at).desc(), col(Occurrence.event_id))
    )
    return [_item(occurrence) for occurrence in heard]


def latest_occurrences(session: Session, *, most: int) -> list[TimelineItem]:
    """What happened last in the house, newest first; changes of access are left out."""
    heard = session.exec(
        select(Occurrence)
        .where(col(Occurrence.type).not_like("portal.%"))
        .order_by(col(Occurrence.occurred_at).desc(), col(Occurrence.event_id))
        .limit(most)
    ).all()
    concerned = {str(row.application_id): row for row in _applicants(session, [found.subject for found in heard])}
    return [_item(occurrence, concerned.get(occurrence.subject)) for occurrence in heard]


def count_of(session: Session, table: type[Account] | type[Applicant] | type[DeadLetter]) -> int:
    """How many rows a table has."""
    return session.exec(select(func.count()).select_from(table)).one()


def _applicants(session: Session, subjects: Sequence[str]) -> Sequence[Applicant]:
    ids = [UUID(subject) for subject in subjects if len(subject) == 36]
    return session.exec(select(Applicant).where(col(Applicant.application_id).in_(ids))).all()


def _item(occurrence: Occurrence, applicant: Applicant | None = None) -> TimelineItem:
    said = sentence(occurrence.type, occurrence.body)
    service = SERVICES.get(occurrence.type.partition(".")[0], "")
    return TimelineItem(occurrence.occurred_at, said.title, said.text, said.values, said.tone, service, applicant)


def figures(session: Session) -> dict[str, int]:
    """The portal's numbers for the closing summary."""
    return {
        "accounts": session.exec(select(func.count()).select_from(Account)).one(),
        "applicants": session.exec(select(func.count()).select_from(Applicant)).one(),
        "occurrences": session.exec(select(func.count()).select_from(Occurrence)).one(),
        "dead_letters": session.exec(select(func.count()).select_from(DeadLetter)).one(),
    }
