"""Read rows of text cells from a bank's export (CSV, XLSX, XLS), with limits. Called by statements."""

import csv
import io
import math
from dataclasses import dataclass

from shared.foundation.errors import Invalid
from shared.sandbox import MOST_ROWS, Sandbox, Unreadable

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


def sheets_of(data: bytes, sandbox: Sandbox) -> list[list[Row]]:
    """Return the sheets of a workbook, or the one of a CSV file. Detected by content, since banks name an XLS ".CSV".

    Raises Invalid for an unreadable or protected file, or one larger than 50,000 rows.
    """
    if data.startswith((_ZIP, _OLE)):
        return _workbook(data, sandbox)
    return [_delimited(data)]


def _delimited(data: bytes) -> list[Row]:
    """Read UTF-8, with or without BOM, else GB18030; never gbk, which lacks characters of people's names.

    The text is decoded as it is read: whole, that of a large file would take several times its size.
    """
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return _rows(io.TextIOWrapper(io.BytesIO(data), encoding, newline=""))
        except UnicodeDecodeError:
            continue
    raise Invalid("文件的文字编码无法识别，请从网银重新导出 CSV 或 XLSX 文件。", code="statement.encoding")


def _rows(text: io.TextIOWrapper) -> list[Row]:
    head = text.read(4096)
    text.seek(0)
    if head.lstrip()[:1] == "<":
        raise Invalid("这是网页格式的文件，请用表格软件另存为 XLSX 后再导入。", code="statement.html")
    delimiter = "\t" if head.count("\t") > head.count(",") else ","
    reader = csv.reader(text, delimiter=delimiter)
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


def _workbook(data: bytes, sandbox: Sandbox) -> list[list[Row]]:
    try:
        sheets = sandbox.open("workbook", data).value["sheets"]
    except Unreadable as error:
        if error.code == "password":
            raise Invalid("文件有密码保护，请去掉密码后再导入。", code="statement.protected") from error
        if error.code in ("too-large", "too-demanding"):
            raise too_large() from error
        raise Invalid("文件已损坏或不是 Excel 工作簿，请从网银重新导出。", code="statement.workbook") from error
    return [
        [Row(line, tuple(_cell(cell) for cell in cells)) for line, cells in enumerate(rows, start=1)] for rows in sheets
    ]


def _check_rows(count: int) -> None:
    if count > MOST_ROWS:
        raise too_large()


def too_large() -> Invalid:
    """Return the refusal of a statement with too many rows."""
    return Invalid(
        "文件太大：最多 {most:,} 行，请按较短的日期区间分次导出。",
        code="statement.too_large",
        values={"most": MOST_ROWS},
    )


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        text = value.strip()
        return text[2:-1] if text.startswith('="') and text.endswith('"') else text.removeprefix("'")
    return "" if isinstance(value, bool) or value is None else NumberText(_number(value))


def _number(value: float) -> str:
    """Format without the noise of binary fractions: 25000.100000000002 -> "25000.10", but 0.125 keeps its three
    decimals."""
    if not math.isfinite(value):
        return repr(value)
    if value == int(value):
        return str(int(value))
    rounded = f"{value:.2f}"
    return rounded if abs(float(rounded) - value) < 1e-6 else repr(value)
