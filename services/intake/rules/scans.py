"""Validate scans: PDF, JPEG, PNG or HEIC by content, of which every page can be shown. The sandbox opens the file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from shared.foundation.errors import Invalid, Message
from shared.sandbox import MOST_SCAN_PAGES, Sandbox, Unreadable

UNREFERRED = timedelta(days=30)
"""Retention of a scan that no application refers to."""
NOT_ADMITTED = timedelta(days=90)
"""Retention after closing for an application without a seat, as stated in the consent text."""
ATTENDED = timedelta(days=3 * 365 + 1)
"""Retention for a participant after the certificate result is recorded (PIPL, art. 19)."""

MEDIA_TYPES = ("application/pdf", "image/jpeg", "image/png", "image/heic")
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/heif": "image/heic",
    "application/x-pdf": "application/pdf",
}
_UNREADABLE: Mapping[str, tuple[str, Message]] = {
    "type": (
        "scan-type",
        Message("文件不是 PDF、JPEG、PNG 或 HEIC(按内容判断,与扩展名无关),请上传扫描件原文件。"),
    ),
    "password": ("scan-password", Message("PDF 设有打开密码,请去掉密码后重新上传。")),
    "cut": ("scan-cut-off", Message("图片不完整,文件在传输或保存时被截断,请重新上传原文件。")),
    "damaged": ("scan-unreadable", Message("文件已损坏,无法打开,请重新扫描后上传。")),
    "no-page": ("scan-no-page", Message("PDF 中有打不开的页,或没有一页,请重新扫描后上传。")),
    "pages": (
        "scan-pages",
        Message("扫描件最多 {most_pages} 页,请只上传所需的页。", {"most_pages": MOST_SCAN_PAGES}),
    ),
    "pixels": ("scan-pixels", Message("图片像素过大,请以 300 dpi 重新扫描。")),
    "too-demanding": (
        "scan-too-demanding",
        Message("打开这个文件需要过多的内存或时间,请打印后重新扫描上传。"),
    ),
}


@dataclass(frozen=True)
class CheckedScan:
    """A scan that can be shown: its pages as JPEG pictures, and the numbers (from 1) of pages that are nearly blank."""

    media_type: str
    pages: tuple[bytes, ...]
    blank_pages: tuple[int, ...]


def check_scan(content: bytes, declared: str, sandbox: Sandbox) -> CheckedScan:
    """Open a scan. `declared`: the media type that the sender states; application/octet-stream states none.

    Raises Invalid for a file that is empty, of another type than declared, or of which a page cannot be shown.
    """
    if not content:
        raise Invalid("文件是空的,请重新上传扫描件。", code="scan-empty")
    try:
        opened = sandbox.open("scan", content)
    except Unreadable as error:
        code, message = _UNREADABLE[error.code]
        raise Invalid(message.message, code=code, values=message.values) from error
    found = opened.value["media_type"]
    if _ALIASES.get(declared, declared) not in (found, "application/octet-stream"):
        raise Invalid(
            "文件声明为 {declared},内容却是 {found},请更正后重新上传。",
            code="scan-type-differs",
            values={"declared": declared, "found": found},
        )
    return CheckedScan(found, tuple(opened.files), tuple(opened.value["blank"]))
