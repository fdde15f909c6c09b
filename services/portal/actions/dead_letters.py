"""Dead letters: messages that a service gave up, mirrored from the bus for people to look at. Called by bus.py and pages."""

import hashlib
from datetime import datetime

from sqlmodel import select

from services.portal.errors import UnknownDeadLetter
from services.portal.models import DeadLetter
from services.portal.rules.dead_letters import origin
from services.portal.states import DeadLetterState
from shared.events.envelope import PREFIX
from shared.foundation.clock import real_now
from shared.foundation.errors import Conflict, FieldError, Invalid
from shared.messaging.transport import REASON, REPLAY, Delivery
from shared.persistence.columns import for_update
from shared.persistence.unit_of_work import UnitOfWork


def note_dead_letter(uow: UnitOfWork, delivery: Delivery) -> None:
    """Keeps one dead letter. The same burial delivered again changes nothing; a letter that was sent again and buried once
    more, which it says itself, waits again, with its new reason."""
    headers = {name: _storable(value) for name, value in delivery.headers.items()}
    queue = origin(headers)
    key = hashlib.sha256(f"{queue}\n{headers.get(PREFIX + 'id', '')}\n".encode() + delivery.body).hexdigest()
    row = uow.session.exec(for_update(select(DeadLetter).where(DeadLetter.id == key))).one_or_none()
    replay = int(headers[REPLAY]) if headers.get(REPLAY, "").isdecimal() else 0
    if row is not None and not _is_news(row, replay):
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
            buried_at=real_now(),
        )
    # A message that outlived its queue's delivery limit carries no reason of ours.
    row.reason = headers.get(REASON, "反复投递失败，超过次数上限。")
    row.headers, row.buried_at = headers, real_now()
    # A forged number must not keep the letter's next burials from being news.
    row.state, row.replays = DeadLetterState.WAITING, min(replay, row.replays + 1)
    uow.session.add(row)


def _is_news(row: DeadLetter, replay: int) -> bool:
    """Whether a burial after `replay` replays is one that the row does not know of. It may come before the row was marked."""
    if replay == row.replays:
        return row.state == DeadLetterState.REPLAYED
    return replay > row.replays


def _storable(value: object) -> str:
    """PostgreSQL keeps no NUL in a text, and a forged header may hold one."""
    return str(value).replace("\x00", "\ufffd")


def discard_dead_letter(uow: UnitOfWork, key: str, *, reason: str, actor: str, now: datetime) -> None:
    """Puts a letter aside for good, with the reason. Raises UnknownDeadLetter, Invalid without a reason, Conflict unless it
    waits, so that a repeat is told."""
    row = uow.session.exec(for_update(select(DeadLetter).where(DeadLetter.id == key))).one_or_none()
    if row is None:
        raise UnknownDeadLetter
    if not reason.strip():
        faults = [FieldError("/reason", "required", "请写明不再处理的原因。")]
        raise Invalid("请写明不再处理的原因。", code="reason", faults=faults)
    if row.state != DeadLetterState.WAITING:
        raise Conflict("这条消息已经处理过了。", code="state")
    row.state, row.discarded_because = DeadLetterState.DISCARDED, reason.strip()[:500]
    uow.session.add(row)
    uow.record("dead_letter_discarded", key, actor=actor, now=now, details={"reason": row.discarded_because})
