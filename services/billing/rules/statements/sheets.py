"""Read rows of text cells from a bank's export (CSV, XLSX, XLS), with limits. Called by statements."""

import csv
import io
import lzma
import math
import re
import zipfile
import zlib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from shared.foundation.errors import Invalid

MAX_ROWS = 50_000
_MAX_COLUMNS = 200
_MAX_UNPACKED_BYTES = 100 * 1024 * 1024
_CELL_REFERENCE = re.compile(rb'\br="([A-Z]{1,3})([0-9]{1,7})"')

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"


class NumberText(str):
    """The text of a cell that a spreadsheet stored as a number: leading zeros and digits after the 15th are lost."""

    __slots__ = ()


@dataclass(frozen=True)
class Row:
    """One row and its number in the file, counted from 1 as a person sees it."""

    line: int
    cells: tuple[str, ...]


def sheets_of(data: bytes) -> list[list[Row]]:
    """Return the sheets of a workbook, or the one of a CSV file. Detected by content, since banks name an XLS ".CSV".

    Raises Invalid for an unreadable or protected file, or one larger than 50,000 rows.
    """
    if data.startswith(_ZIP):
        _check_package(data)
        return _workbook(data)
    if data.startswith(_OLE):
        return _workbook(data)
    return [_delimited(_decoded(data))]


def _decoded(data: bytes) -> str:
    """Decode UTF-8, with or without BOM, else GB18030. Never gbk, which lacks characters of people's names."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Invalid("文件的文字编码无法识别，请从网银重新导出 CSV 或 XLSX 文件。", code="statement.encoding")


def _delimited(text: str) -> list[Row]:
    if text.lstrip()[:1] == "<":
        raise Invalid("这是网页格式的文件，请用表格软件另存为 XLSX 后再导入。", code="statement.html")
    head = text[:4096]
    delimiter = "\t" if head.count("\t") > head.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows = []
    try:
        for cells in reader:
            rows.append(Row(reader.line_num, tuple(_cell(cell) for cell in cells)))
            _check_rows(len(rows))
    except csv.Error as error:
        raise Invalid(
            "第 {line} 行不是有效的 CSV，请从网银重新导出。", code="statement.csv", values={"line": reader.line_num}
        ) from error
    return rows


def _workbook(data: bytes) -> list[list[Row]]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
            sheets = [workbook.get_sheet_by_name(name) for name in workbook.sheet_names]
    except PasswordError as error:
        raise Invalid("文件有密码保护，请去掉密码后再导入。", code="statement.protected") from error
    except (CalamineError, OSError, ValueError) as error:
        raise Invalid("文件已损坏或不是 Excel 工作簿，请从网银重新导出。", code="statement.workbook") from error
    for sheet in sheets:
        _check_rows(sheet.total_height)
    return [
        [
            Row(line, tuple(_cell(cell) for cell in cells))
            for line, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1)
        ]
        for sheet in sheets
    ]


def _check_package(data: bytes) -> None:
    """Reject a ZIP that unpacks to more than the limit, or whose one far-away cell would fill the memory."""
    unpacked = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            for member in package.infolist():
                unpacked += member.file_size
                if unpacked > _MAX_UNPACKED_BYTES:
                    raise _too_large()
                content = _unpacked(package, member)
                if member.filename.startswith("xl/worksheets/"):
                    _check_extent(content)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Invalid("文件已损坏或有密码保护，请从网银重新导出。", code="statement.workbook") from error


def _unpacked(package: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Unpack in small pieces: a member larger than it declares is detected before it fills the memory."""
    with package.open(member) as file:
        return b"".join(iter(lambda: file.read(1 << 20), b""))


def _check_extent(worksheet: bytes) -> None:
    for letters, row in _CELL_REFERENCE.findall(worksheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        if column > _MAX_COLUMNS or int(row) > MAX_ROWS:
            raise _too_large()


def _check_rows(count: int) -> None:
    if count > MAX_ROWS:
        raise _too_large()


def _too_large() -> Invalid:
    return Invalid(
        "文件太大：最多 {most:,} 行，请按较短的日期区间分次导出。",
        code="statement.too_large",
        values={"most": MAX_ROWS},
    )


def _cell(value: str | float | date | datetime | time | timedelta | None) -> str:
    if isinstance(value, str):
        text = value.strip()
        return text[2:-1] if text.startswith('="') and text.endswith('"') else text.removeprefix("'")
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, int | float):
        return NumberText(_number(value))
    return str(value)


def _number(value: float) -> str:
    """Format without the noise of binary fractions: 25000.100000000002 -> "25000.10", but 0.125 keeps its three
    decimals."""
    if not math.isfinite(value):
        return repr(value)
    if value == int(value):
        return str(int(value))
    rounded = f"{value:.2f}"
    return rounded if abs(float(rounded) - value) < 1e-6 else repr(value)
