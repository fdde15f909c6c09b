"""Opens a workbook (XLSX or XLS) and returns the cells of its sheets.

A ZIP is unpacked in pieces up to a limit first, and a far-away cell is found before it would fill the memory.
"""

import io
import lzma
import re
import zipfile
import zlib
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from shared.sandbox.limits import MOST_CELLS, MOST_ROWS

_MOST_COLUMNS = 200
_MOST_UNPACKED_BYTES = 100 * 1024 * 1024
_CELL_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')
_ZIP = b"PK\x03\x04"


class _TooLarge(Exception):
    """More rows, columns or bytes than a list has."""


def read_workbook(content: bytes) -> tuple[Any, list[bytes]]:
    """Return {"sheets": [[[cell, …], …], …]}, or {"unreadable": code}. Codes: password, damaged, too-large.

    A cell is a text, a number, true, false or null; a date or a time is its ISO text. Row 1 is the first of the sheet.
    """
    try:
        if content.startswith(_ZIP):
            _check_package(content)
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            return {"sheets": [_rows(workbook, name) for name in workbook.sheet_names]}, []
    except PasswordError:
        return {"unreadable": "password"}, []
    except (_TooLarge, MemoryError):
        return {"unreadable": "too-large"}, []
    except (CalamineError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, OSError, ValueError):
        return {"unreadable": "damaged"}, []


def _rows(workbook: CalamineWorkbook, name: str) -> list[list[Any]]:
    sheet = workbook.get_sheet_by_name(name)
    # Counted from the first row and column, because what is empty in front is returned too.
    last_row, last_column = sheet.end or (-1, -1)
    if last_row >= MOST_ROWS or (last_row + 1) * (last_column + 1) > MOST_CELLS:
        raise _TooLarge
    return [[_cell(value) for value in row] for row in sheet.to_python(skip_empty_area=False)]


def _cell(value: object) -> Any:
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _check_package(content: bytes) -> None:
    unpacked = 0
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for member in package.infolist():
            unpacked += member.file_size
            if unpacked > _MOST_UNPACKED_BYTES:
                raise _TooLarge
            # In small pieces: a member larger than it states is found before it fills the memory.
            with package.open(member) as file:
                unpacked_member = b"".join(iter(lambda: file.read(1 << 20), b""))
            if member.filename.startswith("xl/worksheets/"):
                _check_extent(unpacked_member)


def _check_extent(worksheet: bytes) -> None:
    for letters, row in _CELL_REFERENCE.findall(worksheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        if column > _MOST_COLUMNS or int(row) > MOST_ROWS:
            raise _TooLarge


def warm_up() -> None:
    """Load what a first ZIP loads."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("a", "a")
    read_workbook(file.getvalue())
