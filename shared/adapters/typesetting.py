"""PDF generation: compile a typst template with plain data. Called by every service's documents.py.

Text is passed to the template as JSON, so it is data and never markup. An office with licences for 小标宋 or 仿宋_GB2312
sets their folder (`font_dir`); shared/wiring/process.py passes it to `use_fonts`, and those fonts take precedence.
"""

import json
import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pylopdf_fonts_zh_cn
import typst

from shared.foundation.clock import local
from shared.foundation.text import name_of

ROOT = Path(__file__).resolve().parents[2]
PACKAGED_FONTS = pylopdf_fonts_zh_cn.serif_path().parent
_font_dirs = [PACKAGED_FONTS]

_TIDY = str.maketrans({"\t": " ", "\r": None})

# The printers' mark for a missing character: the reader sees that a character is missing, and where.
MISSING = "〓"
# Printed as a space or not at all, so no font needs them: blanks, zero-width marks, variation selectors. Controls of
# the writing direction are deliberately not listed: they could make one name read as another.
_BLANK = frozenset("\t\n\r \u00ad\u200b\u200c\u200d\u2060\ufeff") | {
    chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))
}


def use_fonts(folder: Path | None) -> None:
    """Prefer the fonts of `folder` in this process; None: use only the packaged fonts."""
    _font_dirs[:] = [folder, PACKAGED_FONTS] if folder else [PACKAGED_FONTS]


def typeset(template: Path, data: Mapping[str, Any], *, font_dirs: Sequence[Path] | None = None) -> bytes:
    """Compile the template with the data to a PDF/A-2a that is a PDF/UA-1 too: tagged, for screen readers.

    `data["now"]`, an aware datetime, is the creation time, so equal data give equal bytes. Dates become ISO strings,
    datetimes become Asia/Shanghai to the minute, dataclasses become mappings. Characters that no font covers print as
    〓; `uncovered` returns them. Raises KeyError without `now`, typst.TypstError if template and data do not fit.
    """
    fonts = tuple(font_dirs or _font_dirs)
    return typst.compile(
        template,
        root=ROOT,
        font_paths=_fonts(fonts),
        sys_inputs={"data": json.dumps(_plain(data, _coverage(fonts)), ensure_ascii=False)},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(data["now"].timestamp()),
    )


def uncovered(text: str, *, font_dirs: Sequence[Path] | None = None) -> set[str]:
    """Return the characters of the text that no font covers and that `typeset` prints as 〓."""
    return set(text) - _coverage(tuple(font_dirs or _font_dirs))


def uncovered_in(document: Any) -> str:
    """Return the characters of a document's texts that no font covers, with their code points: 䶮(U+4DAE); or "".

    `document`: what `typeset` takes. A document with such characters waits for a person and is not sent.
    """
    return named(uncovered("".join(_texts(document))))


def named(characters: Collection[str]) -> str:
    """Return characters with their code points."""
    return "、".join(f"{one}({name_of(one)})" for one in sorted(characters))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))


def _plain(value: Any, covered: frozenset[str]) -> Any:
    """Convert a value for JSON. Numbers, booleans and None stay unchanged."""
    if isinstance(value, str):
        return "".join(character if character in covered else MISSING for character in value.translate(_TIDY))
    if isinstance(value, datetime):
        return local(value).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {key: _plain(item, covered) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, covered) for item in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name), covered) for field in fields(value)}
    return value


@cache
def _fonts(font_dirs: tuple[Path, ...]) -> typst.Fonts:
    """Load only the fonts of these folders: with system fonts, the same document would differ between machines."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(font_dirs))


@cache
def _coverage(font_dirs: tuple[Path, ...]) -> frozenset[str]:
    """Return all printable characters: those of the fonts, and those that need no font."""
    fonts = {(Path(font.path), font.index) for font in _fonts(font_dirs).fonts() if font.path}
    return _BLANK.union(*(map(chr, _code_points(path.read_bytes(), index)) for path, index in fonts))


def _code_points(font: bytes, index: int) -> Iterator[int]:
    """Yield the code points that a font maps to a glyph: formats 4 and 12 of the cmap table (ISO/IEC 14496-22,
    5.2.1)."""
    start = struct.unpack_from(">I", font, 12 + 4 * index)[0] if font.startswith(b"ttcf") else 0
    for at in range(start + 12, start + 12 + 16 * struct.unpack_from(">H", font, start + 4)[0], 16):
        tag, _, cmap, _ = struct.unpack_from(">4sIII", font, at)
        if tag != b"cmap":
            continue
        for record in range(struct.unpack_from(">H", font, cmap + 2)[0]):
            platform, encoding, offset = struct.unpack_from(">HHI", font, cmap + 4 + 8 * record)
            if platform == 0 or (platform, encoding) in {(3, 1), (3, 10)}:
                yield from _mapped(font, cmap + offset)


def _mapped(font: bytes, table: int) -> Iterator[int]:
    """Yield the code points of a cmap subtable with a glyph other than .notdef; none for other formats."""
    form = struct.unpack_from(">H", font, table)[0]
    if form == 12:
        for group in range(struct.unpack_from(">I", font, table + 12)[0]):
            first, last, glyph = struct.unpack_from(">III", font, table + 16 + 12 * group)
            yield from range(first if glyph else first + 1, last + 1)
    elif form == 4:
        width = struct.unpack_from(">H", font, table + 6)[0]
        columns = (table + 14, table + 16 + width, table + 16 + 2 * width, table + 16 + 3 * width)
        for step in range(0, width, 2):
            last, first, delta, offset = (struct.unpack_from(">H", font, column + step)[0] for column in columns)
            for code in range(first, min(last, 0xFFFE) + 1):
                glyph = code
                if offset:
                    glyph = struct.unpack_from(">H", font, columns[3] + step + offset + 2 * (code - first))[0]
                if glyph and (glyph + delta) & 0xFFFF:
                    yield code
