"""Check codes: printed on a letter, typed by anybody who holds it. Called by tasks.py, queries and pages."""

import base64
import hashlib
import re

from shared.foundation.text import clean_identifier

_BYTES, _GROUP = 10, 4
_FORM = re.compile(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}")
# Not in the alphabet of base32, so they stand for the letters that they look like.
_LOOK_ALIKES = str.maketrans("01", "OI")


def check_code(keyed: bytes) -> str:
    """Return the code made of the first 80 bits of a keyed digest: four groups of four characters (base32)."""
    return grouped(base64.b32encode(keyed[:_BYTES]).decode())


def grouped(typed: str) -> str:
    """Return a typed code as it is printed; blanks, hyphens and lower case do not matter."""
    plain = clean_identifier(typed).translate(_LOOK_ALIKES)
    return "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))


def is_code(typed: str) -> bool:
    """Return whether a text has the form of a code."""
    return _FORM.fullmatch(grouped(typed)) is not None


def hash_of(typed: str) -> str:
    """Return the SHA-256 (hex) under which a code is stored. A fast hash is enough for 80 random bits."""
    return hashlib.sha256(grouped(typed).encode()).hexdigest()
