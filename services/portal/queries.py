"""Read-only queries: accounts, timelines, latest events, dead letters. Called by pages, actions and commands."""

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
from services.portal.states import AccountState, DeadLetterState
from shared.persistence.models import JobRow
from shared.wiring.registry import SERVICES


@dataclass(frozen=True)
class TimelineItem:
    """One line of a timeline. `values` fill the {names} of `text`; `who` is the title of the publishing service."""

    at: datetime
    title: str
    text: str
    values: Mapping[str, object]
    tone: str
    who: str
    applicant: Applicant | None = None


def account_named(session: Session, account: str) -> Account:
    """Return the account. Raises UnknownAccount."""
    row = session.get(Account, account)
    if row is None:
        raise UnknownAccount
    return row


def has_accounts(session: Session) -> bool:
    """Return whether any account exists."""
    return session.exec(select(Account.account).limit(1)).first() is not None


def open_administrators(session: Session, *, except_for: str) -> int:
    """Count the open accounts of administrators other than `except_for`."""
    accounts = session.exec(select(Account).where(Account.state == AccountState.OPEN, Account.account != except_for))
    return sum("administrator" in account.roles for account in accounts)


def applicant_with(session: Session, application_id: UUID) -> Applicant:
    """Return the applicant. Raises UnknownApplicant."""
    row = session.get(Applicant, application_id)
    if row is None:
        raise UnknownApplicant
    return row


_NEWEST_FIRST = (col(Occurrence.occurred_at).desc(), col(Occurrence.sequence).desc(), col(Occurrence.event_id))


def timeline_of(session: Session, application_id: UUID) -> list[TimelineItem]:
    """Return the timeline of one application, newest first."""
    rows = session.exec(select(Occurrence).where(Occurrence.subject == str(application_id)).order_by(*_NEWEST_FIRST))
    return [_item(occurrence) for occurrence in rows]


def latest_occurrences(session: Session, *, most: int) -> list[TimelineItem]:
    """Return the latest events of all services, newest first, without changes of access."""
    rows = session.exec(
        select(Occurrence).where(col(Occurrence.type).not_like("portal.%")).order_by(*_NEWEST_FIRST).limit(most)
    ).all()
    applicants = _applicants(session, [occurrence.subject for occurrence in rows])
    by_subject = {str(applicant.application_id): applicant for applicant in applicants}
    return [_item(occurrence, by_subject.get(occurrence.subject)) for occurrence in rows]


def matching_dead_letters(selection: ReplayDeadLetters) -> SelectOfScalar[DeadLetter]:
    """Build the query of the waiting dead letters that a replay selects."""
    query = select(DeadLetter).where(DeadLetter.state == DeadLetterState.WAITING, col(DeadLetter.id) > selection.after)
    for column, value in (
        (DeadLetter.queue, selection.queue),
        (DeadLetter.type, selection.type),
        (DeadLetter.id, selection.key),
    ):
        if value:
            query = query.where(column == value)
    if selection.reason:
        query = query.where(col(DeadLetter.reason).contains(selection.reason, autoescape=True))
    return query


def count_matching(session: Session, selection: ReplayDeadLetters) -> int:
    """Count the waiting dead letters that a replay selects."""
    return session.exec(select(func.count()).select_from(matching_dead_letters(selection).subquery())).one()


def count_waiting_dead_letters(session: Session) -> int:
    """Count all waiting dead letters."""
    return count_matching(session, ReplayDeadLetters(actor=""))


def dead_letters_by_kind(session: Session, selection: ReplayDeadLetters) -> Sequence[tuple[str, str, str, int]]:
    """Count the selected waiting dead letters by queue, type and reason; the 50 largest groups, largest first."""
    query = matching_dead_letters(selection).subquery()
    count = func.count().label("count")
    grouped = select(query.c.queue, query.c.type, query.c.reason, count).group_by(
        query.c.queue, query.c.type, query.c.reason
    )
    rows = session.exec(grouped.order_by(count.desc(), query.c.queue, query.c.type).limit(50)).all()
    return [(queue, kind, reason, size) for queue, kind, reason, size in rows]


def running_replays(session: Session) -> list[tuple[ReplayDeadLetters, int]]:
    """Return the unfinished replays, oldest first, each with its number of remaining dead letters."""
    jobs = select(JobRow).where(
        JobRow.name == ReplayDeadLetters.NAME, col(JobRow.state).in_(["waiting", "sent", "running"])
    )
    ordered = [
        ReplayDeadLetters.model_validate(row.payload) for row in session.exec(jobs.order_by(col(JobRow.created_at)))
    ]
    return [(selection, count_matching(session, selection)) for selection in ordered]


def count_of(session: Session, table: type[Account] | type[Applicant]) -> int:
    """Count the rows of a table."""
    return session.exec(select(func.count()).select_from(table)).one()


def _applicants(session: Session, subjects: Sequence[str]) -> Sequence[Applicant]:
    ids = [UUID(subject) for subject in subjects if len(subject) == 36]
    return session.exec(select(Applicant).where(col(Applicant.application_id).in_(ids))).all()


def _item(occurrence: Occurrence, applicant: Applicant | None = None) -> TimelineItem:
    line = sentence(occurrence.type, occurrence.body)
    publisher = SERVICES.get(occurrence.type.partition(".")[0])
    service = publisher.title if publisher else ""
    return TimelineItem(occurrence.occurred_at, line.title, line.text, line.values, line.tone, service, applicant)


def stats(session: Session) -> dict[str, int]:
    """Return the portal's counts for the demo's closing summary."""
    return {
        "accounts": session.exec(select(func.count()).select_from(Account)).one(),
        "applicants": session.exec(select(func.count()).select_from(Applicant)).one(),
        "occurrences": session.exec(select(func.count()).select_from(Occurrence)).one(),
        "dead_letters": session.exec(select(func.count()).select_from(DeadLetter)).one(),
        "dead_letters_waiting": count_waiting_dead_letters(session),
    }
