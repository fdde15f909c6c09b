"""The public page behind a letter's check code: what it shows, to whom, and what it never shows."""

import re

import pypdfium2 as pdfium
import pytest
import zxingcpp
from fastapi.testclient import TestClient

from services.review.models import Case, LetterRow, Seat
from services.review.rules.check_codes import check_code, grouped, hash_of
from services.review.states import LetterKind
from services.review.web import make_app
from shared.events import FileClaim
from tests.printed import words
from tests.review.submissions import applications, case_id

CODE = re.compile(r"查验码([A-Z2-7]{4}(?:-[A-Z2-7]{4}){3})，")


@pytest.fixture
def public(review):
    """Anybody's browser: no session, no cookie."""
    return TestClient(make_app(review.process), follow_redirects=False)


@pytest.fixture
def admitted(review):
    """One person holds a seat, and the letter is printed and sent."""
    review.released(90)
    review.run_jobs()
    return review


def letter_of(review, kind=LetterKind.ADMISSION):
    """Return the row of the first letter of a kind, its file and its code."""
    row = next(row for row in review.rows(LetterRow) if row.kind == kind)
    pdf = review.process.tools.files.get(FileClaim.model_validate(row.file), purpose="contact")
    return row, pdf, "".join(CODE.findall(words(pdf)))


def test_the_page_shows_number_kind_masked_name_and_state_to_anybody(admitted, public):
    row, _pdf, code = letter_of(admitted)

    answer = public.get(f"/review/check/{code}")

    assert answer.status_code == 200
    assert [text for text in (row.number, "入学通知书", "有效", code) if text not in answer.text] == []
    assert f"<dd>{admitted.case(0).student_name[0]}**</dd>" in answer.text


def test_the_page_contains_no_other_personal_data(admitted, public):
    _row, _pdf, code = letter_of(admitted)
    case, body = admitted.case(0), applications()[0].body
    secret = {
        case.student_name,
        case.firm_name,
        case.identity_mask,
        case.application_no,
        case.payment_reference,
        case.content["student"]["mobile"]["mask"],
        case.content["student"]["email"]["mask"],
        body["firm"]["credit_code"],
    }

    shown = public.get(f"/review/check/{code}").text

    assert [text for text in secret if text in shown] == []


def test_the_qr_code_leads_to_the_page(admitted, public):
    _row, pdf, code = letter_of(admitted)
    pages = [page.render(scale=3).to_pil() for page in pdfium.PdfDocument(pdf)]

    [found] = [one.text for page in pages for one in zxingcpp.read_barcodes(page)]

    assert found == f"http://127.0.0.1:8000/review/check/{code}"
    assert public.get(found.removeprefix("http://127.0.0.1:8000")).status_code == 200


def test_a_typed_code_leads_to_the_page_however_it_is_typed(admitted, public):
    _row, _pdf, code = letter_of(admitted)

    for typed in (code, code.lower(), code.replace("-", ""), f" {code.replace('-', ' ')} ", code.replace("O", "0")):
        answer = public.get("/review/check", params={"code": typed})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/review/check/{code}")
    assert "XXXX-XXXX-XXXX-XXXX" in public.get("/review/check").text


@pytest.mark.parametrize(
    "typed", ["a/b", "/", "／", "//example.cn", "?x", "..", "https://example.cn/review/check/AAAA", "\x00", "AAAA"]
)
def test_what_has_not_the_form_of_a_code_is_an_unknown_code(public, typed):
    answer = public.get("/review/check", params={"code": typed})
    assert answer.status_code in (404, 422)
    assert "location" not in answer.headers


def test_an_unknown_code_gets_404_and_shows_nothing(admitted, public):
    row, _pdf, code = letter_of(admitted)

    for other in (check_code(bytes(32)), code[:-1], code + "A", str(row.id), row.number, row.check_hash):
        answer = public.get(f"/review/check/{other}")
        assert (answer.status_code, "没有这个查验码" in answer.text, "入学通知书" in answer.text) == (404, True, False)
        assert public.post(f"/review/check/{other}", files={"file": b"%PDF-"}).status_code == 404


def test_head_answers_as_get(admitted, public):
    _row, _pdf, code = letter_of(admitted)

    assert public.head(f"/review/check/{code}").status_code == 200
    assert public.head("/review/check").status_code == 200
    assert public.head("/review/check/AAAA-AAAA-AAAA-AAAA").status_code == 404


def test_codes_have_80_bits_and_only_their_hashes_are_stored(admitted):
    row, _pdf, code = letter_of(admitted)

    assert len(code.replace("-", "")) * 5 == 80
    assert row.check_hash == hash_of(code)
    assert code not in str([*admitted.rows(LetterRow), *admitted.rows(Case)])
    assert grouped("ab0d ef1h-ijkl mn23") == "ABOD-EFIH-IJKL-MN23"


def test_every_letter_has_its_own_code_and_a_repeat_prints_the_same(review):
    review.released(60, 65, 70, 75, 80, 85)
    review.run_jobs()
    hashes = {row.id: row.check_hash for row in review.rows(LetterRow)}
    with review.process.database.transaction() as uow:
        for letter_id in hashes:
            row = uow.session.get_one(LetterRow, letter_id)
            row.file, row.sent_at = None, None
    review.rerun_jobs()

    assert len(set(hashes.values())) == 6
    assert {row.id: row.check_hash for row in review.rows(LetterRow)} == hashes


@pytest.mark.parametrize("kind", LetterKind)
def test_a_letter_is_in_force_while_the_seat_is_what_it_states(review, public, kind):
    review.released(60, 65, 70, 75, 80, 85)
    review.run_jobs()
    row, _pdf, code = letter_of(review, kind)
    assert "<dd>有效</dd>" in public.get(f"/review/check/{code}").text
    with review.process.database.transaction() as uow:
        uow.session.get_one(Seat, row.case_id).state = "released"
    assert "<dd>已失效</dd>" in public.get(f"/review/check/{code}").text


def test_the_letter_of_an_earlier_admission_is_no_longer_in_force(admitted, public):
    _row, _pdf, code = letter_of(admitted)
    with admitted.process.database.transaction() as uow:
        uow.session.get_one(Seat, case_id(0)).letter_no = "渝领训〔2021〕2号"
    assert "<dd>已失效</dd>" in public.get(f"/review/check/{code}").text


def test_only_the_issued_file_is_recognised(admitted, public):
    _row, pdf, code = letter_of(admitted)

    def compared(content):
        answer = public.post(f"/review/check/{code}", files={"file": ("letter.pdf", content, "application/pdf")})
        assert answer.status_code == 200
        return ("逐字节一致" in answer.text, "不一致" in answer.text)

    assert compared(pdf) == (True, False)
    assert compared(pdf + b"\n") == (False, True)
    assert compared(b"") == (False, True)


def test_a_file_above_the_limit_of_forms_is_not_read(admitted, public):
    _row, _pdf, code = letter_of(admitted)

    assert public.post(f"/review/check/{code}", files={"file": bytes(3 * 1024 * 1024)}).status_code == 413


def test_guessing_is_limited_by_address(admitted):
    admitted.process.settings.rate_per_address = "20/minute"
    client = TestClient(make_app(admitted.process))

    statuses = [client.get(f"/review/check/{check_code(bytes([number]) * 10)}").status_code for number in range(60)]

    # The window slides, so that a slow machine may get a few answers more.
    assert (statuses[:20], statuses[-1]) == ([404] * 20, 429)


def test_a_letter_of_an_earlier_version_has_no_code(review, public):
    review.released(60)
    review.run_jobs()
    row, _pdf, code = letter_of(review)
    with review.process.database.transaction() as uow:
        uow.session.get_one(LetterRow, row.id).check_hash = None
    assert public.get(f"/review/check/{code}").status_code == 404
