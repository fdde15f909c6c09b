"""How a secret that was given out is recognised again. Called by actions (to keep it) and queries (to find it)."""

import hashlib


def hash_of(secret: str) -> str:
    """SHA-256, hex: enough for a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
