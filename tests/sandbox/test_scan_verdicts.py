"""Validation of scans: what the bytes are decides, and every page must be shown."""

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import pikepdf
import pytest
from PIL import Image, ImageDraw, PngImagePlugin

from services.intake.rules.scans import check_scan
from shared.foundation.errors import Invalid
from shared.sandbox import MOST_SCAN_PAGES
from tests.sandbox import SANDBOX


def picture(kind, size=(8, 8)):
    file = io.BytesIO()
    Image.new("RGB", size, "white").save(file, kind)
    return file.getvalue()


def pdf(pages=1):
    file = io.BytesIO()
    sheets = [Image.new("RGB", (8, 8), "white") for _ in range(pages)]
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:])
    return file.getvalue()


def media_type_of(content, declared):
    return check_scan(content, declared, SANDBOX).media_type


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
    assert refusal_code(picture("PNG", (300, 300))[:80]) == "scan-cut-off"
    assert refusal_code(photo()[: len(photo()) // 2]) == "scan-cut-off"


def test_a_scan_may_have_exactly_the_maximum_number_of_pages():
    assert media_type_of(pdf(MOST_SCAN_PAGES), "application/pdf") == "application/pdf"
    assert refusal_code(pdf(MOST_SCAN_PAGES + 1)) == "scan-pages"


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


def photo():
    """Return a JPEG with something in every part."""
    file = io.BytesIO()
    Image.effect_noise((400, 300), 60).save(file, "JPEG")
    return file.getvalue()


@pytest.mark.parametrize(
    ("declared", "content"),
    [
        ("image/jpg", photo()),
        ("image/pjpeg", photo()),
        ("image/x-png", picture("PNG")),
        ("application/x-pdf", pdf()),
        ("application/pdf", b"\xef\xbb\xbf" + pdf()),
        ("application/pdf", b"\n" * 1024 + pdf()),
    ],
)
def test_another_name_of_a_type_and_bytes_before_the_head_of_a_pdf_are_accepted(declared, content):
    assert len(check_scan(content, declared, SANDBOX).pages) == 1


def test_a_protected_pdf_is_refused_with_a_word_about_its_password():
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(file, encryption=pikepdf.Encryption(user="open", owner="own"))
    assert refusal_code(file.getvalue()) == "scan-password"


def test_a_pdf_that_needs_a_password_only_for_changes_is_accepted():
    file = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf())) as document:
        document.save(file, encryption=pikepdf.Encryption(user="", owner="own"))
    assert media_type_of(file.getvalue(), "application/pdf") == "application/pdf"


def test_a_pdf_whose_pages_cannot_be_opened_is_refused():
    assert refusal_code(WITHOUT_PAGES) == "scan-no-page"


WITHOUT_PAGES = (
    b"%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[]/Count 3>>\nendobj\n"
    b"trailer\n<</Root 1 0 R/Size 3>>\n%%EOF\n"
)


def is_black(image, place):
    grey = image.convert("L").getpixel(place)
    return isinstance(grey, int) and grey < 20


def test_pages_are_drawn_and_nearly_blank_ones_are_named():
    sheets = [Image.new("L", (850, 1100), "white") for _ in range(3)]
    ImageDraw.Draw(sheets[1]).rectangle((100, 100, 700, 300), fill="black")
    ImageDraw.Draw(sheets[2]).rectangle((100, 100, 104, 104), fill="grey")
    file = io.BytesIO()
    sheets[0].save(file, "PDF", save_all=True, append_images=sheets[1:], resolution=100)
    checked = check_scan(file.getvalue(), "application/pdf", SANDBOX)
    assert checked.blank_pages == (1, 3)
    drawn = [Image.open(io.BytesIO(page)) for page in checked.pages]
    assert {one.format for one in drawn} == {"JPEG"}
    assert {max(one.size) for one in drawn} <= {1650, 1651}
    assert is_black(drawn[1], (600, 300))


def test_a_photo_is_turned_as_its_camera_held_it_and_made_small():
    image = Image.new("RGB", (3000, 1000), "white")
    ImageDraw.Draw(image).rectangle((0, 0, 300, 1000), fill="black")
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    image.save(file, "JPEG", exif=exif)
    (page,) = check_scan(file.getvalue(), "image/jpeg", SANDBOX).pages
    drawn = Image.open(io.BytesIO(page))
    assert drawn.size == (667, 2000)
    assert is_black(drawn, (300, 20))
    assert not drawn.getexif()


def test_transparent_and_sixteen_bit_pictures_are_shown_on_white():
    file = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(file, "PNG")
    assert check_scan(file.getvalue(), "image/png", SANDBOX).blank_pages == (1,)
    file = io.BytesIO()
    Image.new("I;16", (40, 40), 65535).save(file, "PNG")
    assert check_scan(file.getvalue(), "image/png", SANDBOX).blank_pages == (1,)


def test_a_png_with_a_large_text_is_accepted():
    file, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    texts.add_text("comment", "x" * 8 * 1024 * 1024, zip=True)
    Image.effect_noise((50, 50), 60).save(file, "PNG", pnginfo=texts)
    (page,) = check_scan(file.getvalue(), "image/png", SANDBOX).pages
    assert "comment" not in Image.open(io.BytesIO(page)).info
