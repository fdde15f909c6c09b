"""Imported lists of past participants: whatever a spreadsheet did to them, no wrong number is taken."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from services.demo.identifiers import identity_number
from services.intake.rules import tables
from services.intake.rules.past_participants import people_in
from shared.foundation.errors import Invalid
from shared.foundation.text import clean_identifier
from tests.sandbox import SANDBOX

CASES = Path(__file__).parents[1] / "cases"
TODAY = date(2021, 11, 23)
TITLES = ("证件号码", "姓名", "参加的培训")
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"]
NUMBER = identity_number("500103", date(1978, 3, 12), 301)
# A valid number whose last three digits are zeros: one in a thousand is.
ROUND = next(
    number
    for day in range(1, 29)
    for number in [identity_number("500103", date(1978, 3, day), 300)]
    if number.endswith("000")
)
KEPT = {
    "unchanged": lambda number: number,
    "apostrophe": lambda number: f"'{number}",
    "chinese apostrophe": lambda number: f"\u2018{number}",
    "formula of a text": lambda number: f'="{number}"',
    "zero width": lambda number: f"\u200b{number[:6]}\u2060{number[6:]}\ufeff",
    "direction": lambda number: f"\u202d{number}\u202c",
    "full width": lambda number: "".join(chr(ord(one) + 0xFEE0) for one in number),
    "blanks": lambda number: f" {number[:6]}\u3000{number[6:14]}-{number[14:]}\t",
    "lower case": lambda number: number.lower(),
}
BROKEN = {
    "exponent": lambda number: f"{float(number[:17] + '0'):.5E}",
    "exponent in full": lambda number: f"{float(number[:17] + '0'):.14E}",
    "rounded": lambda number: number[:15] + "000",
    "rounded with decimals": lambda number: number[:15] + "000.00",
    "thousands": lambda number: f"{int(number[:15] + '000'):,}",
    "last digit lost": lambda number: number[:-1],
    "digit changed": lambda number: number[:9] + str((int(number[9]) + 1) % 10) + number[10:],
    "two digits swapped": lambda number: number[:16] + number[17] + number[16] if number[16] != number[17] else "",
    "lost": lambda number: "",
    "masked": lambda number: number[:6] + "********" + number[14:],
    "overflow": lambda number: "##########",
}


def csv_of(rows, *, titles=TITLES, encoding="utf-8", delimiter=","):
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([titles, *rows])
    return text.getvalue().encode(encoding)


def xlsx_of(rows, *, titles=TITLES, more_sheets=()):
    book = Workbook()
    for sheet, lines in ((book.active, [titles, *rows]), *((book.create_sheet(), lines) for lines in more_sheets)):
        for line in lines:
            sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def numbers_in(content):
    return [person.number for person in people_in(content, today=TODAY, sandbox=SANDBOX)]


def errors_of(content):
    with pytest.raises(Invalid) as refused:
        people_in(content, today=TODAY, sandbox=SANDBOX)
    return {error.field: error.code for error in refused.value.field_errors}


def text_of_refusal(content):
    with pytest.raises(Invalid) as refused:
        people_in(content, today=TODAY, sandbox=SANDBOX)
    return str(refused.value)


@st.composite
def people(draw):
    """Draw a resident's number that does not end in 000, with the serial of the row as the name."""
    born = draw(st.dates(date(1941, 12, 1), date(2003, 11, 1)))
    number = identity_number(draw(st.sampled_from(["500103", "510202", "110101"])), born, draw(st.integers(1, 999)))
    return number if not number.endswith("000") else NUMBER


MANGLED = st.lists(
    st.tuples(people(), st.sampled_from([*KEPT, *BROKEN])), min_size=1, max_size=6, unique_by=lambda row: row[0]
)


def test_the_given_list_is_refused_whole_with_each_cell_and_its_cure():
    content = (CASES / "past-excel-mangled.csv").read_bytes()
    assert errors_of(content) == {"A2": "digits-lost", "A3": "digits-rounded", "A5": "number-twice"}
    assert "3 处需要更正" in text_of_refusal(content)


def test_the_two_sound_rows_of_the_given_list_state_one_number_for_two_people():
    title, _shortened, _rounded, *others = (CASES / "past-excel-mangled.csv").read_text("utf-8-sig").splitlines()
    assert errors_of("\n".join([title, *others]).encode()) == {"A3": "number-twice"}
    assert numbers_in("\n".join([title, others[0]]).encode()) == ["500102198106219717"]
    assert numbers_in("\n".join([title, others[1]]).encode()) == ["500102198106219717"]


@given(MANGLED, st.sampled_from(ENCODINGS))
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_of_1000_mangled_lists_no_wrong_row_is_taken(rows, encoding):
    typed = [((KEPT | BROKEN)[how](number), f"学员{row}", "2019") for row, (number, how) in enumerate(rows)]
    broken = {f"A{line}" for line, (_number, how) in enumerate(rows, start=2) if how in BROKEN}
    content = csv_of(typed, encoding=encoding)
    if broken:
        assert errors_of(content).keys() == broken
    else:
        assert numbers_in(content) == [number for number, _how in rows]


@given(people(), st.sampled_from(list(KEPT)))
@settings(deadline=None)
def test_a_listed_person_is_found_in_every_spelling_of_a_submission(number, how):
    (listed,) = numbers_in(csv_of([(KEPT[how](number), "王伟", "2019")]))
    spellings = [KEPT[name](number) for name in ("unchanged", "zero width", "full width", "blanks", "lower case")]
    assert {clean_identifier(spelling) for spelling in spellings} == {listed}


@given(people())
@settings(deadline=None)
def test_a_number_of_15_digits_is_listed_with_18(number):
    old = number[:6] + number[8:17]
    if number[6:8] == "19":
        assert numbers_in(csv_of([(old, "王伟", "2019")])) == [number]
        assert numbers_in(xlsx_of([(int(old), "王伟", 2019)])) == [number]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_number_is_refused_in_a_workbook_as_in_csv(broken):
    assert errors_of(xlsx_of([(NUMBER, "王伟", "2019"), (BROKEN[broken](NUMBER), "李强", "2019")])).keys() == {"A3"}


def test_a_number_that_a_workbook_stores_as_a_number_is_refused():
    assert errors_of(xlsx_of([(int(ROUND), "王伟", "2019"), (float(ROUND), "李强", "2019")])) == {
        "A2": "digits-lost",
        "A3": "digits-lost",
    }


def test_a_number_that_ends_in_000_needs_an_apostrophe():
    assert errors_of(csv_of([(ROUND, "王伟", "2019")])) == {"A2": "digits-rounded"}
    assert numbers_in(csv_of([(f"'{ROUND}", "王伟", "2019")])) == [ROUND]
    wrong = ROUND[:14] + str((int(ROUND[14]) + 1) % 10) + "000"
    assert errors_of(csv_of([(f"'{wrong}", "王伟", "2019")])) == {"A2": "resident-id-check-digit"}


@pytest.mark.parametrize("number", ["H12345678", "E12345678", "ABC110000000000", "911124198108030024", "12345678"])
def test_other_documents_are_listed(number):
    assert numbers_in(csv_of([(number.lower(), "王伟", "2019")])) == [number]


@pytest.mark.parametrize("number", ["5E17", "500E15", "12345678901", "911124198108030025", "E1", "王伟"])
def test_what_is_no_number_of_a_document_is_refused(number):
    assert errors_of(csv_of([(number, "王伟", "2019")])).keys() == {"A2"}


def test_every_cell_passes_the_gate():
    rows = [
        (NUMBER, "王\u202e伟", "2019"),
        (ROUND.replace("000", "001"), " ", "a\x07b"),
        (NUMBER, "王\ue863", "期" * 101),
    ]
    assert errors_of(csv_of(rows)) == {
        "B2": "character",
        "A3": "resident-id-check-digit",
        "B3": "missing",
        "C3": "character",
        "C4": "missing",
    }
    (person,) = people_in(csv_of([(NUMBER, "\u200b王\ue863 ", "２０１９")]), today=TODAY, sandbox=SANDBOX)
    assert (person.name, person.programme) == ("王\u4dae", "２０１９")


def test_columns_are_found_by_title_and_rows_are_counted_as_shown():
    titles = ("序号", "参加培训", "备注", "学员姓名", "身份证号(必填)")
    content = csv_of(
        [("1", "2019", "", "王伟", NUMBER), (), ("", "", "", "", ""), ("2", "2019", "", "李强", "x")], titles=titles
    )
    assert errors_of(content.replace("(必填)".encode(), b"")) == {"E5": "document-number"}
    assert "恰有一列" in text_of_refusal(content)
    assert "恰有一列" in text_of_refusal(csv_of([], titles=("证件号码", "身份证号", "姓名", "培训")))
    assert "恰有一列" in text_of_refusal(b"")


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_the_delimiter_is_that_of_the_titles(delimiter):
    assert numbers_in(csv_of([(NUMBER, "王,伟", "2019;春")], delimiter=delimiter)) == [NUMBER]


def test_the_same_person_may_be_listed_twice_but_not_with_two_names():
    assert numbers_in(csv_of([(NUMBER, "王伟", "2018"), (NUMBER, "王伟", "2019")])) == [NUMBER, NUMBER]
    assert errors_of(csv_of([(NUMBER, "王伟", "2018"), (NUMBER, "李强", "2019")])) == {"A3": "number-twice"}


def test_only_the_first_50_errors_are_stated_and_all_are_counted():
    content = csv_of([("x", "王伟", "2019")] * 60)
    assert len(errors_of(content)) == 50
    assert "60 处" in text_of_refusal(content)


def test_a_file_that_is_no_list_is_refused_in_words(monkeypatch):
    assert "XLS" in text_of_refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest")
    assert "已损坏" in text_of_refusal(b"PK\x03\x04rest")
    assert "已损坏" in text_of_refusal(xlsx_of([(NUMBER, "王伟", "2019")])[:-100])
    assert "编码" in text_of_refusal(b"\xff\xff\xff")
    assert "CSV" in text_of_refusal(csv_of([]) + b'"1')
    assert "工作表不止一个" in text_of_refusal(xlsx_of([(NUMBER, "王伟", "2019")], more_sheets=[[("李强",)]]))
    assert numbers_in(xlsx_of([(NUMBER, "王伟", "2019")], more_sheets=[[]])) == [NUMBER]
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    assert numbers_in(csv_of([(NUMBER, "王伟", "2019")] * 2)) == [NUMBER] * 2
    assert "太长" in text_of_refusal(csv_of([(NUMBER, "王伟", "2019")] * 3))
    assert "太长" in text_of_refusal(xlsx_of([(NUMBER, "王伟", "2019")] * 3))


@pytest.mark.parametrize("typed", ["5001031978031230X1", "5O0103197803123012", "50010319780312301 2x"])
def test_a_mistyped_number_of_a_resident_is_not_taken_as_a_passport(typed):
    assert errors_of(csv_of([(typed, "王伟", "2019")])).keys() == {"A2"}
