"""Signs sessions as the portal would, for tests of one service: pages behind sign-in without a portal beside them."""

import contextlib
import threading
import time
from collections.abc import Iterator

import uvicorn
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey
from starlette.types import ASGIApp

from shared.foundation.clock import real_now
from shared.http.auth import COOKIE, SessionToken, csrf_token, sign_token
from shared.wiring.process import Process

SID = "s" * 32
PRIVATE = Ed25519PrivateKey.generate()
"""One key for the run, so that people with different roles can be signed in to one process at a time."""


def session_cookies(process: Process, *roles: str, account: str = "li", name: str = "李青") -> dict[str, str]:
    """The cookie of a session with these roles, signed with a key whose public part the process is given."""
    public_file = process.settings.token_public_key_file
    public_file.parent.mkdir(parents=True, exist_ok=True)
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public_file.write_bytes(PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, spki))
    pem = PRIVATE.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    issued = real_now().timestamp()
    claims = SessionToken(sub=account, name=name, roles=roles, iat=issued, exp=issued + 900, sid=SID)
    return {COOKIE: sign_token(claims, OKPKey.import_key(pem))}


def csrf_headers() -> dict[str, str]:
    """What a form of such a session sends beside its fields."""
    return {"X-CSRF-Token": csrf_token(SID)}


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The app on a free port of this machine, until the block ends; yields its address."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
