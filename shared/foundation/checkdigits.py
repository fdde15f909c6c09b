"""Payment references with ISO 7064 MOD 97-10 check digits. Intake creates them, billing finds them in bank remarks."""

import re
import unicodedata

from stdnum.iso7064 import mod_97_10

_SERIAL_DIGITS = 6


def payment_reference(serial: int, *, prefix: str = "ZX") -> str:
    """Return the reference of a serial: 210001 -> "ZX21000113", six digits and two check digits, so that all eight mod
    97 are 1.

    Only digits follow the prefix, because people type it by hand (ISO/IEC 7064, MOD 97-10). Raises ValueError for a
    serial of more than six digits: the number range is exhausted, which the operator must solve and not an applicant.
    """
    if not 0 < serial < 10**_SERIAL_DIGITS:
        raise ValueError(f"payment reference serial out of range: {serial}")
    digits = f"{serial:06d}"
    return prefix + digits + mod_97_10.calc_check_digits(digits)


def is_payment_reference(text: str, *, prefix: str = "ZX") -> bool:
    """Whether the text is exactly one reference in printed form, with valid check digits."""
    digits = text.removeprefix(prefix)
    if not text.startswith(prefix) or not re.fullmatch(r"[0-9]{8}", digits):
        return False
    serial = int(digits[:_SERIAL_DIGITS])
    return serial > 0 and text == payment_reference(serial, prefix=prefix)


def payment_references(text: str, *, prefix: str = "ZX") -> tuple[str, ...]:
    """Return the valid references in a free text, in order, without duplicates.

    Accepts what people type: full-width characters, lower case, blanks or hyphens inside, several in one remark.
    Rejects wrong check digits, truncated references and those followed by more digits.
    """
    plain = unicodedata.normalize("NFKC", text).upper()
    pattern = r"[\s-]*".join([*prefix, *["([0-9])"] * (_SERIAL_DIGITS + 2)]) + r"(?![0-9])"
    found = (prefix + "".join(match.groups()) for match in re.finditer(pattern, plain))
    return tuple(dict.fromkeys(reference for reference in found if is_payment_reference(reference, prefix=prefix)))
