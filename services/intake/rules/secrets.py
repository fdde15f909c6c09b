"""Hash issued secrets. Called by actions (to store the hash) and by queries (to look it up)."""

import hashlib


def hash_of(secret: str) -> str:
    """Return the SHA-256 in hex. A fast hash is enough for a secret of 256 random bits."""
    return hashlib.sha256(secret.encode()).hexdigest()
