"""Dead letters: copy dead-lettered messages from the bus into a table, and discard them. Called by bus.py and pages."""

import hashlib
from datetime import datetime

from services.portal.actions.locking import lock_dead_letter
from services.portal.models import DeadLetter
from services.portal.rules.dead_letters import origin
from services.portal.states import DeadLetterState
from shared.events.envelope import PREFIX
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict, FieldError, Invalid
from shared.messaging.transport import REASON, REPLAY, Delivery
from shared.persistence.unit_of_work import UnitOfWork


def note_dead_letter(uow: UnitOfWork, delivery: Delivery) -> None:
    """Store one dead letter. A redelivery of the same dead letter changes nothing.

    A replayed message that was dead-lettered again carries its replay number; its row waits again, with the new reason.
    """
    headers = {name: _without_nul(value) for name, value in delivery.headers.items()}
    queue = origin(headers)
    key = hashlib.sha256(f"{queue}\n{headers.get(PREFIX + 'id', '')}\n".encode() + delivery.body).hexdigest()
    row = uow.get_locked(DeadLetter, key)
    replay = int(headers[REPLAY]) if headers.get(REPLAY, "").isdecimal() else 0
    if row is not None and not _is_newer(row, replay):
        return
    if row is None:
        row = DeadLetter(
            id=key,
            queue=queue,
            type=headers.get(PREFIX + "type", "未知"),
            subject=headers.get(PREFIX + "subject", ""),
            body=delivery.body,
            reason="",
            headers={},
            dead_lettered_at=real_now(),
        )
    # A message that exceeded its queue's delivery limit was dead-lettered by the broker and has no REASON header.
    row.reason = headers.get(REASON, "反复投递失败，超过次数上限。")
    row.headers, row.dead_lettered_at = headers, real_now()
    # Cap a forged replay number: it must not make later dead letters of the message look stale.
    row.state, row.replays = DeadLetterState.WAITING, min(replay, row.replays + 1)
    uow.session.add(row)


def _is_newer(row: DeadLetter, replay: int) -> bool:
    """Return whether a dead letter with this replay number is newer than the row.

    It may arrive before the replay has marked the row as replayed.
    """
    if replay == row.replays:
        return row.state == DeadLetterState.REPLAYED
    return replay > row.replays


def _without_nul(value: object) -> str:
    """Replace NUL characters: a forged header may contain one, and PostgreSQL cannot store it."""
    return str(value).replace("\x00", "\ufffd")


def discard_dead_letter(uow: UnitOfWork, key: str, *, reason: str, actor: str, now: datetime) -> None:
    """Discard a waiting dead letter, with a reason.

    Raises UnknownDeadLetter, Invalid without a reason, Conflict unless it is waiting, also for a repeat.
    """
    row = lock_dead_letter(uow, key)
    if not reason.strip():
        errors = [FieldError("/reason", "required", "请写明不再处理的原因。")]
        raise Invalid("请写明不再处理的原因。", code="reason", field_errors=errors)
    if row.state != DeadLetterState.WAITING:
        raise Conflict("这条消息已经处理过了。", code="state")
    row.state, row.discarded_because = DeadLetterState.DISCARDED, reason.strip()[:500]
    uow.session.add(row)
    uow.record("dead_letter_discarded", key, actor=actor, now=now, details={"reason": row.discarded_because})
