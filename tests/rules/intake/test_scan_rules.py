"""Validation of scans: pure functions of the bytes."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from services.intake.rules.scans import LARGEST_SCAN, MOST_PAGES, media_type_of
from shared.foundation.errors import Invalid


def picture(kind, size=(8, 8)):
    file = io.BytesIO()
    Image.new("RGB", size, "white").save(file, kind)
    return file.getvalue()


def pdf(pages=1):
    file = io.BytesIO()
    sheets = [Image.new("RGB", (8, 8), "white") for _ in range(pages)]
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:])
    return file.getvalue()


def refusal_code(content, declared="application/octet-stream"):
    with pytest.raises(Invalid) as refusal:
        media_type_of(content, declared)
    return refusal.value.code


def test_the_media_type_is_detected_from_the_content():
    files = {"image/png": picture("PNG"), "image/jpeg": picture("JPEG"), "application/pdf": pdf()}
    assert {kind: media_type_of(content, kind) for kind, content in files.items()} == {kind: kind for kind in files}
    assert {media_type_of(content, "application/octet-stream") for content in files.values()} == set(files)


def test_a_scan_with_a_wrong_or_unsupported_type_is_refused():
    assert refusal_code(picture("PNG"), "application/pdf") == "scan-type-differs"
    assert refusal_code(pdf(), "image/jpeg") == "scan-type-differs"
    assert refusal_code(b"MZ\x90\x00" + bytes(100), "application/pdf") == "scan-type"
    assert refusal_code(picture("GIF")) == "scan-type"
    assert refusal_code(b"<html><script>alert(1)</script>", "image/png") == "scan-type"


def test_empty_corrupt_and_truncated_scans_are_refused():
    assert refusal_code(b"") == "scan-empty"
    assert refusal_code(b"%PDF-1.7 nothing more") == "scan-unreadable"
    assert refusal_code(b"\x89PNG\r\n\x1a\n" + bytes(64)) == "scan-unreadable"
    assert refusal_code(picture("PNG", (300, 300))[:80]) == "scan-unreadable"


def test_a_scan_may_have_exactly_the_maximum_size():
    content = pdf()
    full = content + b"\n" * (LARGEST_SCAN - len(content))
    assert media_type_of(full, "application/pdf") == "application/pdf"
    assert refusal_code(full + b"\n") == "scan-too-large"


def test_a_scan_may_have_exactly_the_maximum_number_of_pages():
    assert media_type_of(pdf(MOST_PAGES), "application/pdf") == "application/pdf"
    assert refusal_code(pdf(MOST_PAGES + 1)) == "scan-pages"


def png_claiming(width, height):
    """Return a PNG whose header claims a size that its few bytes do not contain."""
    small = picture("PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + small[24:29]
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


@pytest.mark.parametrize("side", [8_000, 20_000, 2_000_000])
def test_an_image_that_claims_too_many_pixels_is_refused_without_decoding(side):
    assert refusal_code(png_claiming(side, side)) == "scan-pixels"


def test_scans_can_be_read_by_many_threads_at_once():
    files = [pdf(pages) for pages in range(1, 9)] * 20
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda content: media_type_of(content, "application/pdf"), files)) == {"application/pdf"}
