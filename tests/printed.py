"""Reads PDF documents: their text and the position of their ink. Used by all tests of documents."""

import io
import re

import pypdfium2 as pdfium
from PIL import Image, ImageOps

SCALE = 3
_MM = 72 * SCALE / 25.4

RARE = "䶮㛃𬍛喆堃昇垚玥珺祎彧翀龑"
MARKUP = '#panic("x") *粗体* $x$ <a> @b // c'
LONG_FIRM = ("重庆" + "琮渟精密齿轮箱与传动系统" * 9)[:94] + "股份有限公司"
LATIN_FIRM = "W" * 100


def pages(pdf: bytes) -> list[str]:
    """Return the text of each page without white space, which only reflects line breaks."""
    return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in pdfium.PdfDocument(pdf)]


def lines(pdf: bytes) -> list[str]:
    """Return the lines of all pages as broken."""
    return [
        line for page in pdfium.PdfDocument(pdf) for line in page.get_textpage().get_text_range().splitlines() if line
    ]


def words(pdf: bytes) -> str:
    """Return the text of all pages without white space."""
    return "".join(pages(pdf))


def squeezed(text: str) -> str:
    """Return the text as `words` returns it, without white space."""
    return re.sub(r"\s", "", text)


def pictures(pdf: bytes) -> list[Image.Image]:
    """Render each page in greyscale."""
    return [page.render(scale=SCALE).to_pil().convert("L") for page in pdfium.PdfDocument(pdf)]


def ink(pdf: bytes) -> list[tuple[int, int, int, int]]:
    """Return the margins around each page's ink in whole mm: left, top, right, bottom."""
    found = []
    for picture in pictures(pdf):
        box = ImageOps.invert(picture).getbbox() or (0, 0, 0, 0)
        left, top, right, bottom = (round(edge / _MM) for edge in box)
        found.append((left, top, round(picture.width / _MM) - right, round(picture.height / _MM) - bottom))
    return found


def stays_within_margins(pdf: bytes, *, left: int = 28, right: int = 26, top: int = 37) -> bool:
    """Return whether all ink is within the left, right and top margins (mm; 1 mm tolerance). Page numbers are below."""
    return all(edge[0] >= left - 1 and edge[2] >= right - 1 and edge[1] >= top - 1 for edge in ink(pdf))


def column_of(pdf: bytes, character: str) -> tuple[float, float]:
    """Return the leftmost and rightmost edge (mm) of all occurrences of a character."""
    edges: list[tuple[float, float]] = []
    for page in pdfium.PdfDocument(pdf):
        text = page.get_textpage()
        for index in range(text.count_chars()):
            if text.get_text_range(index, 1) == character:
                left, _, right, _ = text.get_charbox(index)
                edges.append((left, right))
    return min(left for left, _ in edges) / 72 * 25.4, max(right for _, right in edges) / 72 * 25.4


def metadata(pdf: bytes) -> dict[str, str]:
    """Return the document's metadata: title, creation date."""
    return dict(pdfium.PdfDocument(io.BytesIO(pdf)).get_metadata_dict())
