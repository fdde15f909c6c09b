"""Validate scans: PDF, JPEG or PNG by content, readable, within size limits. The declared type is only compared."""

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
"""Retention of a scan that no application refers to."""
NOT_ADMITTED = timedelta(days=90)
"""Retention after closing for an application without a seat, as stated in the consent text."""
ATTENDED = timedelta(days=3 * 365 + 1)
"""Retention for a participant after the certificate result is recorded (PIPL, art. 19)."""
_SIGNATURES = {b"%PDF-": "application/pdf", b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_IMAGE_FORMATS: dict[str, tuple[Literal["JPEG", "PNG"], ...]] = {"image/jpeg": ("JPEG",), "image/png": ("PNG",)}

# PDFium is not thread-safe, even for different documents; uploads are parsed in several threads.
_pdfium_lock = threading.Lock()


def media_type_of(content: bytes, declared: str) -> str:
    """Return the media type, detected from the content. Raises Invalid for a bad file or a differing declared type."""
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
    _check_readable(content, found)
    return found


def _check_readable(content: bytes, media_type: str) -> None:
    try:
        if media_type == "application/pdf":
            pages = _count_pages(content)
        else:
            with Image.open(io.BytesIO(content), formats=_IMAGE_FORMATS[media_type]) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    raise Image.DecompressionBombError
                image.verify()
            pages = 1
    except Image.DecompressionBombError as error:
        raise Invalid("图片像素过大,请以 300 dpi 重新扫描。", code="scan-pixels") from error
    except (pypdfium2.PdfiumError, UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Invalid("文件已损坏,无法打开,请重新扫描后上传。", code="scan-unreadable") from error
    if not 1 <= pages <= MOST_PAGES:
        raise Invalid(
            "扫描件应为 1 至 {most_pages} 页,此文件有 {pages} 页。",
            code="scan-pages",
            values={"most_pages": MOST_PAGES, "pages": pages},
        )


def _count_pages(content: bytes) -> int:
    with _pdfium_lock:
        document = pypdfium2.PdfDocument(content)
        try:
            return len(document)
        finally:
            document.close()
