"""Signs session tokens as the portal does, so that tests of one service reach pages behind sign-in without a portal."""

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
"""One key per run, so that people with different roles can be signed in to one process at the same time."""


def session_cookies(process: Process, *roles: str, account: str = "li", name: str = "李青") -> dict[str, str]:
    """Return the cookie of a session with these roles. Writes the public key to the process's key file."""
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
    """Return the headers that a form of such a session sends with its fields."""
    return {"X-CSRF-Token": csrf_token(SID)}


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve the app on a free local port until the block ends. Yields its address."""
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
