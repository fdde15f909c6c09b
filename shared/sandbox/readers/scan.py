"""Opens a scan (PDF, JPEG, PNG or HEIC), and draws every page as a JPEG of at most 2,000 by 2,000 pixels.

The pictures are what people look at: a script, an attachment or a hidden layer of the file is not in them.
"""

import io
import math
from collections.abc import Iterator
from typing import Any

import pi_heif
import pypdfium2
from PIL import Image, ImageFile, ImageOps, PngImagePlugin, UnidentifiedImageError

from shared.sandbox.limits import MOST_SCAN_PAGES

LARGEST_PIXELS = 60_000_000
_MOST_SIDE = 2000
_DPI = 150
_QUALITY = 75
# A PDF's head may stand up to here (ISO 32000-1, annex H, note 13).
_HEAD_BYTES = 1024
_INK = 200
_NEARLY_BLANK = 0.0005
_PASSWORD = 4
_FORMATS = {"image/jpeg": ("JPEG", "MPO"), "image/png": ("PNG",), "image/heic": ("HEIF",)}
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


class _Refused(Exception):
    """The file cannot be shown; the argument is the code that the caller has words for."""


def read_scan(content: bytes) -> tuple[Any, list[bytes]]:
    """Return {"media_type", "blank": [page numbers from 1]} and the pages as JPEG, or {"unreadable": code}.

    Codes: type, password, cut, damaged, no-page, pages (too many), pixels.
    """
    try:
        media_type = _media_type(content)
        pictures = list(_pages(content) if media_type == "application/pdf" else _picture(content, media_type))
    except _Refused as refused:
        return {"unreadable": refused.args[0]}, []
    except (Image.DecompressionBombError, MemoryError):
        return {"unreadable": "pixels"}, []
    blank = [number for number, picture in enumerate(pictures, start=1) if _is_nearly_blank(picture)]
    return {"media_type": media_type, "blank": blank}, [_jpeg(picture) for picture in pictures]


def _media_type(content: bytes) -> str:
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC_BRANDS:
        return "image/heic"
    if b"%PDF-" in content[: _HEAD_BYTES + 5]:
        return "application/pdf"
    raise _Refused("type")


def _pages(content: bytes) -> Iterator[Image.Image]:
    try:
        document = pypdfium2.PdfDocument(content)
        count = len(document)
    except pypdfium2.PdfiumError as error:
        raise _Refused("password" if getattr(error, "err_code", None) == _PASSWORD else "damaged") from error
    if count > MOST_SCAN_PAGES:
        raise _Refused("pages")
    if count < 1:
        raise _Refused("no-page")
    for number in range(count):
        try:
            page = document[number]
            width, height = page.get_size()
            if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
                raise _Refused("no-page")
            bitmap = page.render(scale=min(_DPI / 72, _MOST_SIDE / max(width, height)))
        except pypdfium2.PdfiumError as error:
            raise _Refused("no-page") from error
        yield bitmap.to_pil().convert("RGB")
        page.close()


def _picture(content: bytes, media_type: str) -> Iterator[Image.Image]:
    try:
        image = Image.open(io.BytesIO(content), formats=_FORMATS[media_type])
        if image.width * image.height > LARGEST_PIXELS:
            raise _Refused("pixels")
        # A large JPEG is decoded at a fraction of its size.
        image.draft("RGB", (_MOST_SIDE, _MOST_SIDE))
        image.load()
        image.thumbnail((_MOST_SIDE, _MOST_SIDE))
        yield _on_white(ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError) as error:
        raise _Refused("cut" if "truncated" in str(error) or isinstance(error, EOFError) else "damaged") from error


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        image = image.point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    return image.convert("RGB")


def _is_nearly_blank(picture: Image.Image) -> bool:
    """Return whether at most one pixel of 2,000 is darker than light grey."""
    histogram = picture.convert("L").histogram()
    return sum(histogram[:_INK]) <= sum(histogram) * _NEARLY_BLANK


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    # Comments, profiles and the place of a photo stay in the original.
    picture.info.clear()
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()


def warm_up() -> None:
    """Load the decoders and the fonts of the PDF library, and set the limits of the decoders."""
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = LARGEST_PIXELS
    # Scanners write large profiles and texts into a PNG; the memory of the process bounds them.
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = 64 * 1024 * 1024
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    picture = Image.new("RGB", (16, 16), "white")
    for name in ("JPEG", "PNG", "PDF"):
        file = io.BytesIO()
        picture.save(file, name)
        read_scan(file.getvalue())
    read_scan(_TEXT_PDF)


_TEXT_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj "
    b"4 0 obj<</Length 31>>stream\nBT /F 9 Tf 9 9 Td (a) Tj ET     \nendstream endobj "
    b"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj trailer<</Root 1 0 R>>"
)
