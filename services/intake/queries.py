"""Questions about intake's state that change nothing. Called by api.py and pages.py."""

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
from shared.foundation.errors import NotSignedIn
from shared.persistence.columns import one_of

_VALID = and_(one_of(col(PlatformClient.key_hash), "key_hashes"), col(PlatformClient.revoked_at).is_(None))
_USED = and_(col(IdempotencyKey.client_id) == col(PlatformClient.id), one_of(col(IdempotencyKey.key), "keys"))
_CLIENTS_AND_KEPT = select(PlatformClient, IdempotencyKey).join(IdempotencyKey, _USED, isouter=True).where(_VALID)


def client_of_key(session: Session, key_hash: str) -> PlatformClient:
    """The platform client whose API key has this hash; by the hash, so that timing tells nothing of the key. Raises
    NotSignedIn."""
    client = session.exec(select(PlatformClient).where(_VALID), params={"key_hashes": {key_hash}}).one_or_none()
    if client is None:
        raise unknown_key()
    return client


def clients_and_kept(
    session: Session, places: Collection[tuple[str, str]]
) -> tuple[dict[str, PlatformClient], dict[tuple[str, str], IdempotencyKey]]:
    """For hashes of API keys with the Idempotency-Keys that came with them: whom each lets in (one that is unknown or revoked
    is missing), and the answers that were given under those keys (those never used are missing)."""
    named = {"key_hashes": {key_hash for key_hash, _key in places}, "keys": {key for _key_hash, key in places}}
    rows = session.exec(_CLIENTS_AND_KEPT, params=named).all()
    clients = {client.key_hash: client for client, _kept in rows}
    return clients, {(client.key_hash, kept.key): kept for client, kept in rows if kept is not None}


def unknown_key() -> NotSignedIn:
    """What is said to a key that lets nobody in."""
    return NotSignedIn("接口密钥无效或已停用。", code="api-key")


def application_of(session: Session, application_id: UUID, client: PlatformClient) -> Application:
    """An application that this client filed. Raises UnknownApplication."""
    row = session.get(Application, application_id)
    if row is None or row.client_id != client.id:
        raise UnknownApplication
    return row


def applications_of(session: Session, client: PlatformClient, *, after: str, most: int) -> list[Application]:
    """A client's applications by application number, `most` after the number `after`; every programme's, none twice."""
    found = (
        select(Application)
        .where(Application.client_id == client.id, Application.application_no > after)
        .order_by(col(Application.application_no))
        .limit(most)
    )
    return list(session.exec(found).all())


def applications_by_state(session: Session) -> dict[str, int]:
    """How many applications are in each of intake's states."""
    counted = select(Application.state, func.count()).group_by(Application.state)
    return dict(session.exec(counted).all())


def recommended_firms(session: Session, programme: Programme) -> dict[str, int]:
    """Unit code -> distinct firms that it recommended in time, by credit code (notice, clause 6.2); every unit is there."""
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
    """Every published programme, newest first."""
    rows = session.exec(select(ProgrammeRow).order_by(col(ProgrammeRow.published_at).desc())).all()
    return [Programme.model_validate(row.data) for row in rows]


def programme_of_code(session: Session, code: str) -> Programme:
    """A published programme. Raises UnknownProgramme."""
    row = session.get(ProgrammeRow, code)
    if row is None:
        raise UnknownProgramme(code)
    return Programme.model_validate(row.data)


def unit_name(session: Session, row: Application) -> str:
    """The Chinese name of the application's filing unit."""
    programme = programme_of_code(session, row.programme)
    return next((unit.name for unit in programme.units if unit.code == row.unit_code), row.unit_code)


def unconfirmed(session: Session, programme: str) -> int:
    """Submitted applications whose student has not confirmed in person."""
    waiting = select(func.count()).where(
        Application.programme == programme,
        Application.state == ApplicationState.SUBMITTED,
        col(Application.consented_at).is_(None),
    )
    return session.exec(waiting).one()


def applications_by_outcome(session: Session) -> dict[str, int]:
    """How many applications have come how far elsewhere."""
    counted = (
        select(Application.outcome, func.count())
        .where(col(Application.state).in_([ApplicationState.SUBMITTED, ApplicationState.RETURNED]))
        .group_by(Application.outcome)
    )
    return {outcome: count for outcome, count in session.exec(counted).all() if outcome}


def arrivals_by_day(session: Session, programme: str) -> dict[date, int]:
    """Day in China -> applications first submitted on it, in order."""
    found = select(Application.submitted_at).where(
        Application.programme == programme, col(Application.submitted_at).is_not(None)
    )
    days = Counter(local(moment).date() for moment in session.exec(found).all() if moment)
    return dict(sorted(days.items()))


def returned_applications(session: Session, programme: str) -> list[Application]:
    """Applications that wait for correction, the nearest term first."""
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
    """The consents recorded for an application, oldest first."""
    found = select(Consent).where(Consent.application_id == application_id).order_by(col(Consent.accepted_at))
    return list(session.exec(found).all())


def stats(session: Session) -> dict[str, int]:
    """Intake's numbers for the closing summary."""
    by_state = applications_by_state(session)
    return {
        "applications": sum(by_state.values()),
        **{f"applications_{status}": by_state.get(status, 0) for status in ApplicationState},
        "consented": _with(session, Application.consented_at),
        "scans_removed": _with(session, Application.scans_removed_at),
    }


def _with(session: Session, column: Any) -> int:
    return session.exec(select(func.count()).select_from(Application).where(col(column).is_not(None))).one()
