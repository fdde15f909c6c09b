"""The sample scans are small, real files of three formats, and no two are equal."""

from io import BytesIO

import pypdfium2
import pytest
from PIL import Image

from services.demo.cohort import cohort
from services.demo.scans import Scan

MAGIC = {"application/pdf": b"%PDF-", "image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}


def test_no_two_applications_share_a_scan_not_even_those_of_one_firm():
    scans = [scan for one in cohort(1).applications for scan in one.scans]
    assert len(set(scans)) == len(scans) == 354


def test_every_scan_has_its_declared_type_is_small_and_unique():
    scans = [scan for one in cohort(1).applications[:30] for scan in one.scans]
    contents = [scan.content() for scan in scans]
    assert all(data.startswith(MAGIC[scan.media_type]) for scan, data in zip(scans, contents, strict=True))
    assert max(len(data) for data in contents) < 80 * 1024
    assert len(set(contents)) == len(contents) == 90
    assert {(scan.kind, scan.media_type) for scan in scans} >= {("form", "application/pdf"), ("form", "image/jpeg")}


@pytest.mark.parametrize("media_type", MAGIC)
def test_the_same_scan_gives_the_same_bytes(media_type):
    scan = Scan("form", media_type, ("姓名：杨䶮",), "重庆珺槿新材料有限公司")
    assert scan.content() == scan.content()


def test_pdfs_have_one_page_and_pictures_open():
    pdf, picture = (
        Scan("licence", kind, ("名称",), "重庆珺槿新材料有限公司") for kind in ("application/pdf", "image/png")
    )
    assert len(pypdfium2.PdfDocument(pdf.content())) == 1
    with Image.open(BytesIO(picture.content())) as image:
        assert image.size == (760, 540)


def red_pixels(scan: Scan) -> int:
    with Image.open(BytesIO(scan.content())) as image:
        pixels = image.convert("RGB").tobytes()
    triples = zip(pixels[::3], pixels[1::3], pixels[2::3], strict=True)
    return sum(red > 150 and green < 100 and blue < 100 for red, green, blue in triples)


def test_a_stamp_is_red_and_absent_from_an_unstamped_scan():
    stamped = Scan("form", "image/png", ("姓名：何珺",), "重庆珺槿新材料有限公司")
    unstamped = Scan("form", "image/png", ("姓名：何珺",), "重庆珺槿新材料有限公司", flaw="unstamped")
    assert red_pixels(stamped) > 2 * red_pixels(unstamped)


def test_a_blurred_scan_has_no_dark_pixels():
    blurred = Scan("identity", "image/png", ("姓名：何珺",), "重庆珺槿新材料有限公司", flaw="blurred")
    with Image.open(BytesIO(blurred.content())) as image:
        assert min(image.convert("L").crop((30, 80, 250, 200)).tobytes()) > 100


def test_disguised_files_are_not_pdf():
    program, page = (Scan("form", "application/pdf", (), "", flaw=flaw).content() for flaw in ("program", "web_page"))
    assert (program[:2], page[:9]) == (b"MZ", b"<!DOCTYPE")
