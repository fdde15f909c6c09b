"""What a scan must be: PDF, JPEG or PNG by content, readable, of a sane size. The declared type is only compared."""

import io
import threading
from datetime import timedelta
from typing import Literal

import pypdfium2
from PIL import Image, UnidentifiedImageError

from shared.foundation.errors import Invalid

LARGEST_SCAN = 10 * 1024 * 1024
LARGEST_PIXELS = 60_000_000
MOST_PAGES = 20
UNREFERRED = timedelta(days=30)
"""How long a scan is kept that no application refers to."""
NOT_ADMITTED = timedelta(days=90)
"""How long the scans of an application without a seat are kept once nothing is open with it, as the student was told."""
ATTENDED = timedelta(days=3 * 365 + 1)
"""How long those of somebody who attended are kept once it is recorded who gets a certificate (PIPL, art. 19)."""
_SIGNATURES = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_IMAGE_FORMATS: dict[str, tuple[Literal["JPEG", "PNG"], ...]] = {"image/jpeg": ("JPEG",), "image/png": ("PNG",)}

# PDFium may be called by one thread at a time, whatever the document; uploads are read in many.
_one_pdf_at_a_time = threading.Lock()


def media_type_of(content: bytes, declared: str) -> str:
    """The media type, by content. Raises Invalid saying what is wrong with the file."""
    if not content:
        raise Invalid("文件是空的,请重新上传扫描件。", code="scan-empty")
    if len(content) > LARGEST_SCAN:
        raise Invalid("扫描件超过 10 MB,请降低分辨率后重新上传。", code="scan-too-large")
    found = next((kind for signature, kind in _SIGNATURES.items() if content.startswith(signature)), None)
    if found is None:
        raise Invalid("文件不是 PDF、JPEG 或 PNG(按内容判断,与扩展名无关),请上传扫描件原文件。", code="scan-type")
    if declared not in (found, "application/octet-stream"):
        raise Invalid(
            "文件声明为 {declared},内容却是 {found},请更正后重新上传。",
            code="scan-type-differs",
            values={"declared": declared, "found": found},
        )
    _open(content, found)
    return found


def _open(content: bytes, media_type: str) -> None:
    try:
        if media_type == "application/pdf":
            pages = _pages_of(content)
        else:
            with Image.open(io.BytesIO(content), formats=_IMAGE_FORMATS[media_type]) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    raise Image.DecompressionBombError
                image.verify()
            pages = 1
    except Image.DecompressionBombError as fault:
        raise Invalid("图片像素过大,请以 300 dpi 重新扫描。", code="scan-pixels") from fault
    except (pypdfium2.PdfiumError, UnidentifiedImageError, OSError, SyntaxError, ValueError) as fault:
        raise Invalid("文件已损坏,无法打开,请重新扫描后上传。", code="scan-unreadable") from fault
    if not 1 <= pages <= MOST_PAGES:
        raise Invalid(
            "扫描件应为 1 至 {most_pages} 页,此文件有 {pages} 页。",
            code="scan-pages",
            values={"most_pages": MOST_PAGES, "pages": pages},
        )


def _pages_of(content: bytes) -> int:
    with _one_pdf_at_a_time:
        document = pypdfium2.PdfDocument(content)
        try:
            return len(document)
        finally:
            document.close()
