"""The portal's questions: accounts, an applicant's timeline, what happened last, the dead letters. Called by pages and actions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.portal.errors import UnknownAccount, UnknownApplicant
from services.portal.jobs import ReplayDeadLetters
from services.portal.models import Account, Applicant, DeadLetter, Occurrence
from services.portal.rules.sentences import sentence
from services.portal.states import SERVICES, AccountState, DeadLetterState
from shared.persistence.models import JobRow


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


_NEWEST_FIRST = (col(Occurrence.occurred_at).desc(), col(Occurrence.sequence).desc(), col(Occurrence.event_id))


def timeline_of(session: Session, application_id: UUID) -> list[TimelineItem]:
    """Everything heard of one application, newest first."""
    heard = session.exec(select(Occurrence).where(Occurrence.subject == str(application_id)).order_by(*_NEWEST_FIRST))
    return [_item(occurrence) for occurrence in heard]


def latest_occurrences(session: Session, *, most: int) -> list[TimelineItem]:
    """What happened last in the house, newest first; changes of access are left out."""
    heard = session.exec(
        select(Occurrence).where(col(Occurrence.type).not_like("portal.%")).order_by(*_NEWEST_FIRST).limit(most)
    ).all()
    concerned = {str(row.application_id): row for row in _applicants(session, [found.subject for found in heard])}
    return [_item(occurrence, concerned.get(occurrence.subject)) for occurrence in heard]


def wanted_letters(wanted: ReplayDeadLetters) -> SelectOfScalar[DeadLetter]:
    """The waiting dead letters that a replay asks for."""
    found = select(DeadLetter).where(DeadLetter.state == DeadLetterState.WAITING, col(DeadLetter.id) > wanted.after)
    for column, value in (
        (DeadLetter.queue, wanted.queue),
        (DeadLetter.type, wanted.type),
        (DeadLetter.id, wanted.key),
    ):
        if value:
            found = found.where(column == value)
    if wanted.reason:
        found = found.where(col(DeadLetter.reason).contains(wanted.reason, autoescape=True))
    return found


def count_wanted(session: Session, wanted: ReplayDeadLetters) -> int:
    """How many those are."""
    return session.exec(select(func.count()).select_from(wanted_letters(wanted).subquery())).one()


def waiting_letters(session: Session) -> int:
    """How many dead letters wait for somebody."""
    return count_wanted(session, ReplayDeadLetters(actor=""))


def letters_by_kind(session: Session, wanted: ReplayDeadLetters) -> Sequence[tuple[str, str, str, int]]:
    """The waiting dead letters that are wanted, counted by queue, type and reason, the most first."""
    found = wanted_letters(wanted).subquery()
    count = func.count().label("count")
    grouped = select(found.c.queue, found.c.type, found.c.reason, count).group_by(
        found.c.queue, found.c.type, found.c.reason
    )
    rows = session.exec(grouped.order_by(count.desc(), found.c.queue, found.c.type).limit(50)).all()
    return [(queue, kind, reason, number) for queue, kind, reason, number in rows]


def running_replays(session: Session) -> list[tuple[ReplayDeadLetters, int]]:
    """Replays that were ordered and have not ended, oldest first, with how many letters each has before it."""
    jobs = select(JobRow).where(
        JobRow.name == ReplayDeadLetters.NAME, col(JobRow.state).in_(["waiting", "sent", "running"])
    )
    ordered = [
        ReplayDeadLetters.model_validate(row.payload) for row in session.exec(jobs.order_by(col(JobRow.created_at)))
    ]
    return [(wanted, count_wanted(session, wanted)) for wanted in ordered]


def count_of(session: Session, table: type[Account] | type[Applicant]) -> int:
    """How many rows a table has."""
    return session.exec(select(func.count()).select_from(table)).one()


def _applicants(session: Session, subjects: Sequence[str]) -> Sequence[Applicant]:
    ids = [UUID(subject) for subject in subjects if len(subject) == 36]
    return session.exec(select(Applicant).where(col(Applicant.application_id).in_(ids))).all()


def _item(occurrence: Occurrence, applicant: Applicant | None = None) -> TimelineItem:
    said = sentence(occurrence.type, occurrence.body)
    service = SERVICES.get(occurrence.type.partition(".")[0], "")
    return TimelineItem(occurrence.occurred_at, said.title, said.text, said.values, said.tone, service, applicant)


def stats(session: Session) -> dict[str, int]:
    """The portal's numbers for the closing summary."""
    return {
        "accounts": session.exec(select(func.count()).select_from(Account)).one(),
        "applicants": session.exec(select(func.count()).select_from(Applicant)).one(),
        "occurrences": session.exec(select(func.count()).select_from(Occurrence)).one(),
        "dead_letters": session.exec(select(func.count()).select_from(DeadLetter)).one(),
        "dead_letters_waiting": waiting_letters(session),
    }
