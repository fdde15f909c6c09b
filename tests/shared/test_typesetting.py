"""Typesetting: text is data, rare characters print, and unprintable characters are reported."""

import shutil
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.adapters.typesetting import (
    MISSING,
    PACKAGED_FONTS,
    _code_points,
    typeset,
    uncovered,
    uncovered_in,
    use_fonts,
)
from tests.printed import (
    LATIN_FIRM,
    MARKUP,
    RARE,
    lines,
    metadata,
    pages,
    pictures,
    squeezed,
    stays_within_margins,
    words,
)
from tests.shared.sample_service import Installation

PROBE = Path(__file__).with_name("templates") / "probe.typ"
NOW = datetime(2021, 12, 9, 1, 30, tzinfo=UTC)


def probe(text: object) -> bytes:
    return typeset(PROBE, {"now": NOW, "text": text})


def test_rare_characters_can_be_copied_out_of_the_document():
    assert words(probe(RARE)).count(RARE) == 2
    assert uncovered(RARE) == set()


def test_each_rare_character_has_a_shape_of_its_own():
    shapes = {character: pictures(probe(character))[0].tobytes() for character in (*RARE, MISSING, " ")}

    assert len(set(shapes.values())) == len(RARE) + 2


def test_markup_in_text_prints_literally():
    assert words(probe(MARKUP)).count(squeezed(MARKUP)) == 2


def test_a_backslash_and_quotes_print_literally():
    text = '\\u{41}\\"“”--~\\'

    assert words(probe(text)).count(text) == 2


def test_lines_of_a_text_stay_lines():
    assert lines(probe("甲\r\n乙\t丙"))[1:3] == ["甲", "乙 丙"]


@pytest.mark.parametrize("character", ["\ue78d", "\x00", "\x07", "\u202e", "\u2066", "😀", "\ud800"])
def test_a_character_that_no_font_covers_is_reported_and_marked(character):
    assert uncovered(f"张{character}三") == {character}
    assert words(probe(f"张{character}三")).count(f"张{MISSING}三") == 2


def test_blanks_and_variation_selectors_need_no_font():
    text = "葛\U000e0100 \u200b三\t\n"

    assert uncovered(text) == set()
    assert MISSING not in words(probe(text))


def test_every_character_of_gb2312_is_covered():
    cells = [bytes([row, cell]) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF)]
    gb2312 = "".join(cell.decode("gb2312", errors="ignore") for cell in cells)

    assert len(gb2312) == 6763
    assert uncovered(gb2312) == set()


def test_only_the_font_folders_of_the_call_are_used(tmp_path):
    shutil.copy(PACKAGED_FONTS / "NotoSansSC-Regular.otf", tmp_path)
    alone = typeset(PROBE, {"now": NOW, "text": "领军"}, font_dirs=[tmp_path])

    assert b"NotoSansSC" in alone
    assert b"NotoSerifSC" not in alone
    assert b"NotoSerifSC" in probe("领军")
    assert uncovered("领军", font_dirs=[tmp_path / "empty"]) == {"领", "军"}


def renamed(font: bytes, family: str) -> bytes:
    """Return the packaged sans font with another family name, which must not be longer, in its name table."""
    table = next(
        struct.unpack_from(">I", font, at + 8)[0] for at in range(12, len(font), 16) if font[at : at + 4] == b"name"
    )
    count, strings = struct.unpack_from(">HH", font, table + 2)
    old, new, changed = "Noto Sans SC".encode("utf-16-be"), family.encode("utf-16-be"), bytearray(font)
    for record in range(table + 6, table + 6 + 12 * count, 12):
        length, offset = struct.unpack_from(">HH", font, record + 8)
        start = table + strings + offset
        if font[start : start + length] == old:
            changed[start : start + len(new)] = new
            struct.pack_into(">H", changed, record + 8, len(new))
    return bytes(changed)


def test_the_fonts_of_the_settings_take_precedence_over_the_packaged_ones(tmp_path, monkeypatch):
    folder = tmp_path / "fonts"
    folder.mkdir()
    (folder / "own.otf").write_bytes(renamed((PACKAGED_FONTS / "NotoSansSC-Regular.otf").read_bytes(), "FangSong"))
    monkeypatch.setenv("LINGJUN_FONT_DIR", str(folder))
    packaged = probe("领军")
    try:
        Installation(tmp_path)
        assert probe("领军") != packaged
    finally:
        use_fonts(None)
    assert probe("领军") == packaged


def test_equal_data_give_equal_bytes():
    assert probe("领军") == probe("领军")
    assert probe("领军") != probe("领君")


def test_the_creation_date_is_the_time_in_the_data():
    assert metadata(probe("领军"))["CreationDate"].startswith("D:20211209013000")


def test_data_without_a_time_raises():
    with pytest.raises(KeyError, match="now"):
        typeset(PROBE, {"text": "领军"})


def test_the_document_declares_pdf_a_2a_and_pdf_ua_1():
    pdf = probe("领军")

    assert b"<pdfaid:part>2</pdfaid:part>" in pdf
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in pdf
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf


def test_times_print_in_china_time_and_dates_unchanged():
    assert "2021-12-09T09:30" in words(probe(NOW))
    assert "2021-12-09" in words(probe(date(2021, 12, 9)))


def test_text_stays_in_the_type_area_and_the_page_is_numbered():
    pdf = probe("领军人才培训，" * 300 + LATIN_FIRM)

    assert stays_within_margins(pdf)
    assert [page[-3:] for page in pages(pdf)] == [f"—{number}—" for number in range(1, len(pages(pdf)) + 1)]


def test_no_line_begins_with_a_closing_mark():
    pdf = probe("一二三四，五六七。" * 200)

    assert words(pdf).count("，") == 400
    assert not [line for line in lines(pdf) if line[:1] in "，。"]


def test_a_font_with_a_segment_mapping_is_read():
    # Two segments: 一丁 by offset array (glyphs 7 and 0, so 丁 is missing), 王 by delta; then the closing 0xFFFF.
    last, first = (0x4E01, 0x738B, 0xFFFF), (0x4E00, 0x738B, 0xFFFF)
    delta, offset = (0, 0x10000 - 0x738B + 9, 1), (6, 0, 0)
    columns = struct.pack(">3HH3H3H3H", *last, 0, *first, *delta, *offset) + struct.pack(">2H", 7, 0)
    subtable = struct.pack(">7H", 4, 14 + len(columns), 0, 6, 0, 0, 0) + columns
    cmap = struct.pack(">HHHHI", 0, 1, 3, 1, 12) + subtable
    font = struct.pack(">IHHHH4sIII", 0x00010000, 1, 0, 0, 0, b"cmap", 0, 28, len(cmap)) + cmap

    assert set(_code_points(font, 0)) == {0x4E00, 0x738B}


def test_the_uncovered_characters_of_a_document_are_named_wherever_they_stand() -> None:
    @dataclass(frozen=True)
    class Row:
        name: str
        number: int

    document = {
        "rows": [Row("王\U000f0000", 1), Row("李", 2)],
        "title": "表\u202e",
        "now": datetime(2021, 12, 1, tzinfo=UTC),
    }
    assert uncovered_in(document) == "\u202e(U+202E RIGHT-TO-LEFT OVERRIDE)、\U000f0000(U+F0000)"
    assert uncovered_in({"title": "𬍛表\t一", "amount": 7, "rows": []}) == ""
