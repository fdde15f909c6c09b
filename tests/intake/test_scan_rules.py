"""What a scan must be: pure decisions on bytes."""

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


def refused(content, declared="application/octet-stream"):
    with pytest.raises(Invalid) as refusal:
        media_type_of(content, declared)
    return refusal.value.code


def test_the_content_decides_what_a_scan_is():
    files = {"image/png": picture("PNG"), "image/jpeg": picture("JPEG"), "application/pdf": pdf()}
    assert {kind: media_type_of(content, kind) for kind, content in files.items()} == {kind: kind for kind in files}
    assert {media_type_of(content, "application/octet-stream") for content in files.values()} == set(files)


def test_a_scan_that_is_not_what_it_claims_to_be_is_refused():
    assert refused(picture("PNG"), "application/pdf") == "scan-type-differs"
    assert refused(pdf(), "image/jpeg") == "scan-type-differs"
    assert refused(b"MZ\x90\x00" + bytes(100), "application/pdf") == "scan-type"
    assert refused(picture("GIF")) == "scan-type"
    assert refused(b"<html><script>alert(1)</script>", "image/png") == "scan-type"


def test_an_empty_a_broken_and_a_shortened_scan_are_refused():
    assert refused(b"") == "scan-empty"
    assert refused(b"%PDF-1.7 nothing more") == "scan-unreadable"
    assert refused(b"\x89PNG\r\n\x1a\n" + bytes(64)) == "scan-unreadable"
    assert refused(picture("PNG", (300, 300))[:80]) == "scan-unreadable"


def test_the_largest_scan_is_taken_and_one_byte_more_is_not():
    content = pdf()
    full = content + b"\n" * (LARGEST_SCAN - len(content))
    assert media_type_of(full, "application/pdf") == "application/pdf"
    assert refused(full + b"\n") == "scan-too-large"


def test_a_scan_of_many_pages_ends_at_the_limit():
    assert media_type_of(pdf(MOST_PAGES), "application/pdf") == "application/pdf"
    assert refused(pdf(MOST_PAGES + 1)) == "scan-pages"


def claiming(width, height):
    """A PNG whose header claims a size that its few bytes do not hold."""
    small = picture("PNG")
    header = b"IHDR" + struct.pack(">II", width, height) + small[24:29]
    return small[:12] + header + struct.pack(">I", zlib.crc32(header)) + small[33:]


@pytest.mark.parametrize("side", [8_000, 20_000, 2_000_000])
def test_a_picture_that_claims_too_many_pixels_is_refused_unread(side):
    assert refused(claiming(side, side)) == "scan-pixels"


def test_scans_read_by_many_threads_at_once_are_read_as_by_one():
    files = [pdf(pages) for pages in range(1, 9)] * 20
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda content: media_type_of(content, "application/pdf"), files)) == {"application/pdf"}
