"""Generates well-formed numbers of fictitious people and firms, with check digits. For people.py and firms.py."""

from datetime import date

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def identity_number(prefix: str, born_on: date, sequence: int) -> str:
    """Return an 18-character GB 11643 number for a 6-digit prefix. `sequence` (0..999): odd for men, even for women."""
    body = f"{prefix}{born_on:%Y%m%d}{sequence:03d}"
    rest = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


def credit_code(area: str, serial: int) -> str:
    """Return a unified social credit code (GB 32100). Its GB 11714 body `MAXX` + serial (0..9999) is never issued."""
    body = f"MAXX{serial:04d}"
    code = f"91{area}{body}{_organisation_check(body)}"
    total = sum(_CREDIT_ALPHABET.index(sign) * weight for sign, weight in zip(code, _CREDIT_WEIGHTS, strict=True))
    return code + _CREDIT_ALPHABET[-total % 31]


def _organisation_check(body: str) -> str:
    total = sum(int(sign, 36) * weight for sign, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def mobile_number(prefix: str, serial: int) -> str:
    """Return eleven digits: a 3-digit prefix, four zeros, and a serial of 0..9999."""
    return f"{prefix}0000{serial:04d}"


def with_wrong_check(number: str, alphabet: str = "0123456789X") -> str:
    """Return the number with its last character replaced by the next one, so that its check fails."""
    return number[:-1] + alphabet[(alphabet.index(number[-1]) + 1) % len(alphabet)]
