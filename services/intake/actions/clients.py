"""Keys of the machines that post applications."""

import secrets
from datetime import datetime
from uuid import uuid4

from sqlmodel import Session, select

from services.intake.models import PlatformClient
from services.intake.rules.secrets import hash_of
from shared import audit
from shared.errors import Conflict, NotFound


def issue_client_key(session: Session, name: str, *, actor: str, now: datetime) -> str:
    """Registers a client and returns its key, which is shown once and kept only as a hash."""
    if session.exec(select(PlatformClient).where(PlatformClient.name == name)).first():
        raise Conflict(f"平台客户端“{name}”已存在,请换一个名称。", code="client-exists")
    key = f"ljk_{secrets.token_urlsafe(32)}"
    session.add(PlatformClient(id=uuid4(), name=name, key_hash=hash_of(key), issued_at=now))
    audit.record(session, "issue_client_key", name, actor=actor, now=now)
    return key


def revoke_client_key(session: Session, name: str, *, actor: str, now: datetime) -> None:
    """Ends a client's access; a repeat changes nothing."""
    client = session.exec(select(PlatformClient).where(PlatformClient.name == name)).first()
    if client is None:
        raise NotFound(f"没有名为“{name}”的平台客户端。", code="unknown-client")
    client.revoked_at = client.revoked_at or now
    session.add(client)
    audit.record(session, "revoke_client_key", name, actor=actor, now=now)
