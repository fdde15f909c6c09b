"""Reads printed documents back: their words, the place of their ink. Used by the tests of everything that prints."""

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
    """The words of each page without white space, which only says where lines broke."""
    return [re.sub(r"\s", "", page.get_textpage().get_text_range()) for page in pdfium.PdfDocument(pdf)]


def lines(pdf: bytes) -> list[str]:
    """The lines of all pages as they broke."""
    return [
        line for page in pdfium.PdfDocument(pdf) for line in page.get_textpage().get_text_range().splitlines() if line
    ]


def words(pdf: bytes) -> str:
    """The words of all pages, without white space."""
    return "".join(pages(pdf))


def squeezed(text: str) -> str:
    """The text as `words` shows it."""
    return re.sub(r"\s", "", text)


def pictures(pdf: bytes) -> list[Image.Image]:
    """Each page in grey."""
    return [page.render(scale=SCALE).to_pil().convert("L") for page in pdfium.PdfDocument(pdf)]


def ink(pdf: bytes) -> list[tuple[int, int, int, int]]:
    """Where the ink of each page begins and ends, in whole mm from the page's edges: left, top, right, bottom."""
    found = []
    for picture in pictures(pdf):
        box = ImageOps.invert(picture).getbbox() or (0, 0, 0, 0)
        left, top, right, bottom = (round(edge / _MM) for edge in box)
        found.append((left, top, round(picture.width / _MM) - right, round(picture.height / _MM) - bottom))
    return found


def stays_within_margins(pdf: bytes, *, left: int = 28, right: int = 26, top: int = 37) -> bool:
    """Whether no ink leaves the type area to the sides or above (the page number is below it), 1 mm of play."""
    return all(edge[0] >= left - 1 and edge[2] >= right - 1 and edge[1] >= top - 1 for edge in ink(pdf))


def column_of(pdf: bytes, character: str) -> tuple[float, float]:
    """The left and the right edge, in mm, of all places where the character stands."""
    edges: list[tuple[float, float]] = []
    for page in pdfium.PdfDocument(pdf):
        text = page.get_textpage()
        for index in range(text.count_chars()):
            if text.get_text_range(index, 1) == character:
                left, _, right, _ = text.get_charbox(index)
                edges.append((left, right))
    return min(left for left, _ in edges) / 72 * 25.4, max(right for _, right in edges) / 72 * 25.4


def metadata(pdf: bytes) -> dict[str, str]:
    """The document's own data: title, creation date."""
    return dict(pdfium.PdfDocument(io.BytesIO(pdf)).get_metadata_dict())
