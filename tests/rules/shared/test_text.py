"""The gate for typed text: what is kept, replaced, removed and refused."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.foundation.text import (
    PRIVATE_USE_SUCCESSORS,
    UnusableText,
    clean_identifier,
    clean_line,
    clean_lines,
    name_of,
)

CASES = Path(__file__).parents[2] / "cases"
# The bytes of the characters that the codec of Python, of 2005, still decodes to private use, with the successors of
# GB 18030-2022 and, for the last six, of Unicode 3.1. Checked against glibc and the WHATWG decoder of Chromium.
LATER = {
    "A6D9": 0xFE10, "A6DA": 0xFE12, "A6DB": 0xFE11, "A6DC": 0xFE13, "A6DD": 0xFE14, "A6DE": 0xFE15, "A6DF": 0xFE16,
    "A6EC": 0xFE17, "A6ED": 0xFE18, "A6F3": 0xFE19, "A8BC": 0x1E3F, "FE59": 0x9FB4, "FE61": 0x9FB5, "FE66": 0x9FB6,
    "FE67": 0x9FB7, "FE6D": 0x9FB8, "FE7E": 0x9FB9, "FE90": 0x9FBA, "FEA0": 0x9FBB, "FE51": 0x20087, "FE52": 0x20089,
    "FE53": 0x200CC, "FE6C": 0x215D7, "FE76": 0x2298F, "FE91": 0x241FE,
}  # fmt: skip


def successors_of_the_codec():
    """Decode the bytes that GBK maps to private-use codes in a row: FE50 to FEA0 from U+E815 on, and four more runs."""
    runs = {
        0xE76C: ["A2E3"],
        0xE78D: [f"A6{low:02X}" for low in (*range(0xD9, 0xE0), 0xEC, 0xED, 0xF3)],
        0xE7C7: ["A8BC", "A8BF"],
        0xE7E7: [f"A9{low:02X}" for low in range(0x89, 0x96)],
        0xE815: [f"FE{low:02X}" for low in (*range(0x50, 0x7F), *range(0x80, 0xA1))],
    }
    codes = {chr(first + step): code for first, run in runs.items() for step, code in enumerate(run)}
    return {
        old: chr(LATER[code]) if code in LATER else bytes.fromhex(code).decode("gb18030") for old, code in codes.items()
    }


def refusal_of(text, clean=clean_line):
    with pytest.raises(UnusableText) as refused:
        clean(text)
    return refused.value


def test_the_given_names_are_kept_cleaned_or_refused():
    names = json.loads((CASES / "names.json").read_text())
    assert clean_line(names["one character"]) == "\u5ca9"
    assert clean_line(names["zero width"]) == "\u738b\u4f1f\u660e"
    assert "第 2 个字符(U+202E RIGHT-TO-LEFT OVERRIDE)" in str(refusal_of(names["right-to-left override"]))
    assert clean_line(names["old private-use code point (GB 18030-2005 for U+4DAE)"]) == "\u738b\u4dae"


def test_the_private_use_characters_of_gb_18030_have_their_standard_successors():
    assert successors_of_the_codec() == PRIVATE_USE_SUCCESSORS
    assert not {unicodedata.category(one) for one in PRIVATE_USE_SUCCESSORS.values()} & {"Co", "Cn"}


@pytest.mark.parametrize("character", ["\ue000", "\ue5e5", "\uf8ff", "\U000f0000", "\U00100000"])
def test_a_private_use_character_without_a_successor_is_refused(character):
    assert "私用区" in str(refusal_of(f"王{character}"))


@pytest.mark.parametrize("character", "\u00ad\u034f\u180e\u200b\u200c\u200d\u2060\u2063\ufe0e\ufeff\U000e0100")
def test_a_character_without_width_is_removed(character):
    assert clean_line(f"{character}王{character}伟{character}") == "王伟"


@pytest.mark.parametrize("character", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_a_mark_of_the_writing_direction_is_refused(character):
    assert "显示方向" in str(refusal_of(f"王{character}伟"))
    assert "显示方向" in str(refusal_of(f"王{character}伟", clean_lines))


@pytest.mark.parametrize("character", "\u115f\u1160\u2800\u3164\uffa0\u17b4")
def test_a_filler_is_refused_and_not_taken_for_a_name(character):
    assert "看似空白" in str(refusal_of(character))


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x07", "\x1b", "\x7f", "\x9f", "\ufff9", "\ufffc\ufffd", "\U000e0041", "\ufdd0", "\uffff", "\ud800"],
)
def test_a_control_or_a_code_that_is_no_character_is_refused_with_its_place(character):
    assert f"第 3 个字符({name_of(character[-1])})" in str(refusal_of(f"王伟{character[-1]}明"))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\v", "\x85", "\u2028", "\u2029"])
def test_a_line_end_is_refused_inside_one_line_and_kept_in_several(end):
    assert "换行" in str(refusal_of(f"王{end}伟"))
    assert clean_line(f"王伟{end}") == "王伟"
    assert clean_lines(f"一{end}二{end}") == "一\n二"


def test_every_blank_becomes_a_space_and_text_becomes_composed():
    assert clean_line("\u3000Anna\u00a0Ma\u2003e\u0301\t") == "Anna Ma \u00e9"
    assert "U+0009" in str(refusal_of("王\t伟"))
    assert clean_lines("账号\t姓名") == "账号\t姓名"


@given(st.text())
def test_a_cleaned_text_passes_again_unchanged_and_shows_every_character(text):
    for clean in (clean_line, clean_lines):
        try:
            cleaned = clean(text)
        except UnusableText:
            continue
        assert clean(cleaned) == cleaned == unicodedata.normalize("NFC", cleaned)
        shown = cleaned.replace("\n", "").replace("\t", "") if clean is clean_lines else cleaned
        assert not {unicodedata.category(character) for character in shown} & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


@given(
    st.from_regex(r"[1-9][0-9]{16}[0-9X]", fullmatch=True), st.sampled_from("\u200b\u202d\ufeff\u3164\u3000\u2013\t")
)
def test_a_number_has_one_form_however_it_was_typed(number, mark):
    wide = "".join(chr(ord(character) + 0xFEE0) for character in number.lower())
    spaced = f" {number[:6]}-{mark}{number[6:14]}\u3000{number[14:].lower()}{mark}"
    assert {clean_identifier(wide), clean_identifier(spaced)} == {number}
