"""Dead letters: messages that a service gave up, mirrored from the bus for people to look at. Called by bus.py."""

import hashlib

from sqlmodel import Session

from services.portal.models import DeadLetter
from shared.clock import real_now
from shared.messaging.envelope import PREFIX
from shared.messaging.transport import Delivery


def note_dead_letter(session: Session, delivery: Delivery) -> None:
    """Keeps one dead letter; the same one delivered again changes nothing."""
    headers = {name: str(value) for name, value in delivery.headers.items()}
    # A message that outlived its queue's delivery limit carries no reason of ours.
    queue = headers.get("x-lingjun-queue") or headers.get("x-first-death-queue", "未知")
    key = hashlib.sha256(f"{queue}\n{headers.get(PREFIX + 'id', '')}\n".encode() + delivery.body).hexdigest()
    if session.get(DeadLetter, key):
        return
    session.add(
        DeadLetter(
            id=key,
            queue=queue,
            type=headers.get(PREFIX + "type", "未知"),
            subject=headers.get(PREFIX + "subject", ""),
            reason=headers.get("x-lingjun-reason", "反复投递失败，超过次数上限。"),
            headers=headers,
            body=delivery.body.decode("utf-8", "replace"),
            buried_at=real_now(),
        )
    )
