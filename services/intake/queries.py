"""Read-only queries of intake's database. Called by api and pages."""

from collections import Counter
from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session, and_, col, func, select

from services.intake.errors import UnknownApplication, UnknownProgramme
from services.intake.models import Application, Consent, IdempotencyKey, PlatformClient, ProgrammeRow
from services.intake.states import ApplicationState
from shared.events.intake import Programme
from shared.foundation.clock import local
from shared.foundation.errors import NoApiKey
from shared.persistence.columns import one_of

_VALID = and_(one_of(col(PlatformClient.key_hash), "key_hashes"), col(PlatformClient.revoked_at).is_(None))
_USED = and_(col(IdempotencyKey.client_id) == col(PlatformClient.id), one_of(col(IdempotencyKey.key), "keys"))
_CLIENTS_AND_RESPONSES = select(PlatformClient, IdempotencyKey).join(IdempotencyKey, _USED, isouter=True).where(_VALID)


def client_of_key(session: Session, key_hash: str) -> PlatformClient:
    """Return the client whose API key has this hash. Raises NoApiKey for an unknown or revoked key.

    The lookup compares hashes, so that its timing reveals nothing about the key.
    """
    client = session.exec(select(PlatformClient).where(_VALID), params={"key_hashes": {key_hash}}).one_or_none()
    if client is None:
        raise unknown_key()
    return client


def clients_and_responses(
    session: Session, requests: Collection[tuple[str, str]]
) -> tuple[dict[str, PlatformClient], dict[tuple[str, str], IdempotencyKey]]:
    """Map API-key hashes to active clients, and (API-key hash, idempotency key) to stored responses.

    `requests` are pairs of API-key hash and idempotency key. Unknown or revoked API keys and unused idempotency
    keys are omitted.
    """
    parameters = {"key_hashes": {key_hash for key_hash, _key in requests}, "keys": {key for _key_hash, key in requests}}
    rows = session.exec(_CLIENTS_AND_RESPONSES, params=parameters).all()
    clients = {client.key_hash: client for client, _stored in rows}
    return clients, {(client.key_hash, stored.key): stored for client, stored in rows if stored is not None}


def unknown_key() -> NoApiKey:
    """Return the refusal for an unknown or revoked API key."""
    return NoApiKey("接口密钥无效或已停用。", code="api-key")


def application_of(session: Session, application_id: UUID, client: PlatformClient) -> Application:
    """Return an application that this client filed. Raises UnknownApplication."""
    row = session.get(Application, application_id)
    if row is None or row.client_id != client.id:
        raise UnknownApplication
    return row


def applications_of(session: Session, client: PlatformClient, *, after: str, most: int) -> list[Application]:
    """Return up to `most` of a client's applications with numbers above `after`, in order, over all programmes."""
    found = (
        select(Application)
        .where(Application.client_id == client.id, Application.application_no > after)
        .order_by(col(Application.application_no))
        .limit(most)
    )
    return list(session.exec(found).all())


def applications_by_state(session: Session) -> dict[str, int]:
    """Count applications by intake's own state."""
    counted = select(Application.state, func.count()).group_by(Application.state)
    return dict(session.exec(counted).all())


def recommended_firms(session: Session, programme: Programme) -> dict[str, int]:
    """Map every unit code to the number of distinct firms, by credit code, that it recommended in time.

    Source: notice, clause 6.2.
    """
    counted = (
        select(Application.unit_code, func.count(func.distinct(Application.credit_code)))
        .where(
            Application.programme == programme.code,
            Application.recommendation == "recommended",
            col(Application.submitted_at).is_not(None),
            Application.state != ApplicationState.WITHDRAWN,
        )
        .group_by(Application.unit_code)
    )
    found = dict(session.exec(counted).all())
    return {unit.code: found.get(unit.code, 0) for unit in programme.units}


def programmes(session: Session) -> list[Programme]:
    """Return all published programmes, newest first."""
    rows = session.exec(select(ProgrammeRow).order_by(col(ProgrammeRow.published_at).desc())).all()
    return [Programme.model_validate(row.data) for row in rows]


def programme_of_code(session: Session, code: str) -> Programme:
    """Return a published programme. Raises UnknownProgramme."""
    row = session.get(ProgrammeRow, code)
    if row is None:
        raise UnknownProgramme(code)
    return Programme.model_validate(row.data)


def unit_name(session: Session, row: Application) -> str:
    """Return the Chinese name of the application's filing unit, or its code if the programme no longer lists it."""
    programme = programme_of_code(session, row.programme)
    return next((unit.name for unit in programme.units if unit.code == row.unit_code), row.unit_code)


def unconfirmed(session: Session, programme: str) -> int:
    """Count submitted applications whose student has not confirmed in person."""
    query = select(func.count()).where(
        Application.programme == programme,
        Application.state == ApplicationState.SUBMITTED,
        col(Application.consented_at).is_(None),
    )
    return session.exec(query).one()


def applications_by_outcome(session: Session) -> dict[str, int]:
    """Count open applications by outcome."""
    counted = (
        select(Application.outcome, func.count())
        .where(col(Application.state).in_([ApplicationState.SUBMITTED, ApplicationState.RETURNED]))
        .group_by(Application.outcome)
    )
    return {outcome: count for outcome, count in session.exec(counted).all() if outcome}


def arrivals_by_day(session: Session, programme: str) -> dict[date, int]:
    """Map each day (China time), in order, to the number of applications first submitted on it."""
    found = select(Application.submitted_at).where(
        Application.programme == programme, col(Application.submitted_at).is_not(None)
    )
    days = Counter(local(moment).date() for moment in session.exec(found).all() if moment)
    return dict(sorted(days.items()))


def returned_applications(session: Session, programme: str) -> list[Application]:
    """Return applications waiting for correction, earliest deadline first."""
    found = (
        select(Application)
        .where(
            Application.programme == programme,
            Application.state == ApplicationState.RETURNED,
            col(Application.outcome).is_(None),
        )
        .order_by(col(Application.correct_by))
    )
    return list(session.exec(found).all())


def consents_of(session: Session, application_id: UUID) -> list[Consent]:
    """Return the consents recorded for an application, oldest first."""
    found = select(Consent).where(Consent.application_id == application_id).order_by(col(Consent.accepted_at))
    return list(session.exec(found).all())


def stats(session: Session) -> dict[str, int]:
    """Return intake's counts for the demo's closing summary."""
    by_state = applications_by_state(session)
    return {
        "applications": sum(by_state.values()),
        **{f"applications_{state}": by_state.get(state, 0) for state in ApplicationState},
        "consented": _count_with(session, Application.consented_at),
        "scans_removed": _count_with(session, Application.scans_removed_at),
    }


def _count_with(session: Session, column: Any) -> int:
    return session.exec(select(func.count()).select_from(Application).where(col(column).is_not(None))).one()
