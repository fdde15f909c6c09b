"""API keys of the clients that file applications."""

import secrets
from datetime import datetime
from uuid import uuid4

from sqlmodel import select

from services.intake.models import PlatformClient
from services.intake.rules.secrets import hash_of
from shared.foundation.errors import Conflict, NotFound
from shared.persistence.unit_of_work import UnitOfWork


def issue_client_key(uow: UnitOfWork, name: str, *, actor: str, now: datetime) -> str:
    """Register a client and return its API key, which is shown once and stored only as a hash.

    A client whose key was revoked (lost or leaked) gets a new key and keeps its applications. Raises Conflict while the
    client has a valid key.
    """
    key = f"ljk_{secrets.token_urlsafe(32)}"
    client = _client(uow, name)
    if client is None:
        client = PlatformClient(id=uuid4(), name=name, key_hash=hash_of(key), issued_at=now)
    elif client.revoked_at is None:
        raise Conflict(
            "平台客户端“{name}”已有在用的接口密钥；如需换发，请先停用原密钥，或换一个名称。",
            code="client-exists",
            values={"name": name},
        )
    client.key_hash, client.issued_at, client.revoked_at = hash_of(key), now, None
    uow.session.add(client)
    uow.record("issue_client_key", name, actor=actor, now=now)
    return key


def revoke_client_key(uow: UnitOfWork, name: str, *, actor: str, now: datetime) -> None:
    """Revoke a client's API key. A repeat changes nothing. Raises NotFound for an unknown client."""
    client = _client(uow, name)
    if client is None:
        raise NotFound("没有名为“{name}”的平台客户端。", code="unknown-client", values={"name": name})
    client.revoked_at = client.revoked_at or now
    uow.session.add(client)
    uow.record("revoke_client_key", name, actor=actor, now=now)


def _client(uow: UnitOfWork, name: str) -> PlatformClient | None:
    # FOR NO KEY UPDATE: the primary key does not change, so concurrent filings of this client do not block.
    query = select(PlatformClient).where(PlatformClient.name == name).with_for_update(key_share=True)
    return uow.session.exec(query).one_or_none()
