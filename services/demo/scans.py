"""Generates sample scans as real files: form, licence, identity card (PDF, JPEG, PNG), and files that intake rejects.

cohort.py, refusals.py and story.py create `Scan` values; uploading code reads their bytes. Every picture carries the
watermark 样本. The background of each kind is drawn once and cached, then only the lines of the application are added.
"""

import time
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Literal

from PIL import Image, ImageDraw, ImageFilter, ImageFont
from pylopdf_fonts_zh_cn import sans_path

Flaw = Literal["", "blurred", "unstamped", "program", "web_page", "too_large"]

EXTENSIONS = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
TITLES = {"form": "领军人才“专精特新”专题培训申请表", "licence": "营业执照（副本）", "identity": "居民身份证"}
SIZES = {"form": (620, 876), "licence": (760, 540), "identity": (560, 354)}
TOO_LARGE = 11 * 1024 * 1024
RED = (200, 30, 30)
INK = (30, 30, 40)
PALE = (214, 214, 214)
EPOCH = time.gmtime(0)


@dataclass(frozen=True)
class Scan:
    """One file to upload: its kind and media type, its text lines, and its flaw, if any."""

    kind: str
    media_type: str
    lines: tuple[str, ...]
    firm_name: str
    flaw: Flaw = ""

    @property
    def file_name(self) -> str:
        return f"{self.kind}.{EXTENSIONS[self.media_type]}"

    def content(self) -> bytes:
        """Return the bytes of the file. The same scan always gives the same bytes."""
        if self.flaw == "program":
            return b"MZ\x90\x00\x03\x00\x00\x00" + bytes(4096)
        if self.flaw == "web_page":
            return "<!DOCTYPE html><html><body><script>alert(1)</script>样本</body></html>".encode()
        drawn = _encoded(_picture(self), self.media_type)
        return drawn.ljust(TOO_LARGE, b"\x00") if self.flaw == "too_large" else drawn


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(sans_path(), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def _background(kind: str) -> Image.Image:
    """Draw the common parts of all scans of a kind: frame, title, watermark, and the ruled lines of the form."""
    width, height = SIZES[kind]
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((width // 2, height // 2), "样本", font=_font(150), fill=PALE, anchor="mm")
    draw.rectangle((12, 12, width - 13, height - 13), outline=INK, width=2)
    draw.text((width // 2, 52), TITLES[kind], font=_font(26), fill=INK, anchor="mm")
    draw.text((width - 24, height - 22), "样本·虚构信息·无效证件", font=_font(14), fill=RED, anchor="rs")
    if kind == "form":
        for row in range(14):
            draw.line((30, 100 + 48 * row, width - 30, 100 + 48 * row), fill=PALE, width=1)
    if kind == "identity":
        _portrait(draw, width)
    return picture


def _portrait(draw: ImageDraw.ImageDraw, width: int) -> None:
    draw.rectangle((width - 180, 90, width - 50, 250), fill=(232, 238, 246), outline=INK)
    draw.ellipse((width - 140, 110, width - 90, 165), fill=(180, 190, 205))
    draw.pieslice((width - 165, 175, width - 65, 310), 180, 360, fill=(180, 190, 205))


def _stamp_centre(kind: str) -> tuple[int, int]:
    width, height = SIZES[kind]
    return (width - 120, height - 110) if kind != "identity" else (300, height - 90)


def _stamp(draw: ImageDraw.ImageDraw, x: int, y: int, firm_name: str) -> None:
    draw.ellipse((x - 62, y - 62, x + 62, y + 62), outline=RED, width=4)
    draw.text((x, y - 30), "印章样张", font=_font(13), fill=RED, anchor="mm")
    draw.text((x, y - 4), firm_name[:9], font=_font(12), fill=RED, anchor="mm")
    draw.text((x, y + 12), firm_name[9:18], font=_font(12), fill=RED, anchor="mm")
    draw.text((x, y + 36), "★", font=_font(20), fill=RED, anchor="mm")


def _picture(scan: Scan) -> Image.Image:
    picture = _background(scan.kind).copy()
    draw = ImageDraw.Draw(picture)
    top, step = (112, 48) if scan.kind == "form" else (92, 34)
    for row, line in enumerate(scan.lines):
        draw.text((40, top + step * row), line, font=_font(17), fill=INK)
    if scan.flaw != "unstamped":
        _stamp(draw, *_stamp_centre(scan.kind), scan.firm_name)
    return picture.filter(ImageFilter.GaussianBlur(9)) if scan.flaw == "blurred" else picture


def _encoded(picture: Image.Image, media_type: str) -> bytes:
    file = BytesIO()
    if media_type == "application/pdf":
        picture.save(file, "PDF", resolution=75, quality=60, creationDate=EPOCH, modDate=EPOCH)
    elif media_type == "image/jpeg":
        picture.save(file, "JPEG", quality=60)
    else:
        picture.quantize(32, Image.Quantize.FASTOCTREE).save(file, "PNG")
    return file.getvalue()
