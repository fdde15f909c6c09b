"""Helpers for the tests of replays: build events, dead-letter, replay and read them."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlmodel import select

from services.portal import actions
from services.portal.actions.replays import Send
from services.portal.jobs import ReplayDeadLetters
from services.portal.models import DeadLetter
from shared.events.billing import FeePaid
from shared.events.envelope import Envelope, source_of
from shared.messaging.transport import Delivery
from tests.portal.conftest import Portal


def fee(number: int) -> Envelope:
    event = FeePaid(application_id=uuid4(), programme="P", paid_fen=number, paid_at=datetime.now(UTC))
    return Envelope(
        id=uuid4(),
        type=FeePaid.TYPE,
        source=source_of(FeePaid.TYPE),
        subject=event.subject,
        sequence=1,
        time=event.paid_at,
        correlation_id="trace-7",
        body=event.model_dump_json().encode(),
    )


def dead_letter(
    portal: Portal, *envelopes: Envelope, queue: str = "review", reason: str = "NotFound: 没有。", replay: int = 0
) -> None:
    replay_header: dict[str, object] = {"x-lingjun-replay": replay} if replay else {}
    with portal.process.database.transaction() as uow:
        for envelope in envelopes:
            headers = envelope.headers | {"x-lingjun-queue": queue, "x-lingjun-reason": reason} | replay_header
            actions.note_dead_letter(uow, Delivery(None, headers, envelope.body, 0))
            uow.session.flush()


def replay(portal: Portal, send: Send, **selection: str) -> actions.Replayed:
    with portal.process.database.transaction() as uow:
        return actions.replay_batch(uow, ReplayDeadLetters(actor="zhao", **selection), send=send)


def accept(_queue: str, _batch: object) -> dict[UUID, str]:
    return {}


def stored_dead_letters(portal: Portal) -> list[DeadLetter]:
    with portal.process.database.reader() as session:
        return list(session.exec(select(DeadLetter).order_by(DeadLetter.reason)).all())
