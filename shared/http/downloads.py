"""The name under which a file is saved: the header of every response that is a file. Used by the dashboard."""

import re
import unicodedata
from urllib.parse import quote

# Characters that Windows refuses in a name, and those that could end the header or turn the direction of a name.
_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]')
# File systems take 255 bytes, and some programs add a number.
_MOST_BYTES = 240


def content_disposition(name: str, *, is_inline: bool = False) -> str:
    """Return the header's value for a file name, which may be in Chinese (RFC 6266), with an ASCII twin for old programs.

    Unsafe characters become "_". A long name keeps its extension.
    """
    clean = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip(" .") or "file"
    stem, dot, extension = clean.rpartition(".")
    if dot and len(extension) <= 5:
        clean = f"{_cut(stem, _MOST_BYTES - len(extension.encode()) - 1)}.{extension}"
    clean = _cut(clean, _MOST_BYTES)
    twin = "".join(character if character.isascii() else "_" for character in clean)
    kind = "inline" if is_inline else "attachment"
    return f"{kind}; filename=\"{twin}\"; filename*=UTF-8''{quote(clean, safe='')}"


def _cut(text: str, most: int) -> str:
    """Return the first characters of a text that have at most `most` bytes in UTF-8."""
    return text.encode()[:most].decode(errors="ignore")
