"""A hundred altered copies of a signed letter: the check page recognises every one, and a reader's signature check every
one that changes what is signed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from random import Random

import pikepdf
import pytest
from fastapi.testclient import TestClient
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, FloatObject, NameObject, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

from services.review.documents import AdmissionLetter, Check, admission_letter
from services.review.models import LetterRow
from services.review.signing import sign
from services.review.web import make_app
from shared.events import FileClaim
from shared.foundation.clock import local, real_now
from tests.printed import words
from tests.review.certificates import is_signed_by, issue
from tests.review.test_check_page import CODE

Alteration = tuple[str, bytes]


def byte_ranges(pdf: bytes) -> tuple[int, int, int, int]:
    """Return start and length of the two parts of the file that are signed."""
    [signature] = PdfFileReader(BytesIO(pdf)).embedded_signatures
    first, size, second, rest = (int(number) for number in signature.sig_object["/ByteRange"])
    return first, size, second, rest


def flipped(pdf: bytes, at: int, bit: int) -> bytes:
    copy = bytearray(pdf)
    copy[at] ^= 1 << bit
    return bytes(copy)


def flips(pdf: bytes) -> Iterator[Alteration]:
    """Turn one bit of what is signed, anywhere in the file; and one of the signature itself."""
    random = Random(9704)
    first, size, second, rest = byte_ranges(pdf)
    signed = [*range(first, first + size), *range(second, second + rest)]
    for at in random.sample(signed, 45):
        yield f"bit of byte {at}", flipped(pdf, at, random.randrange(8))
    # The hexadecimal digits of the CMS begin after "<"; its certificate and signature come within the first kilobyte.
    for at in random.sample(range(size + 1, size + 1500), 5):
        yield f"bit of the signature {at}", flipped(pdf, at, 0)


def rewritten(pdf: bytes, change: Callable[[pikepdf.Pdf], object]) -> bytes:
    """Write the whole file anew after a change, as an editor does."""
    file = BytesIO()
    with pikepdf.open(BytesIO(pdf)) as document:
        change(document)
        document.save(file)
    return file.getvalue()


def editors(pdf: bytes) -> Iterator[Alteration]:
    changes: dict[str, Callable[[pikepdf.Pdf], object]] = {
        "saved anew": lambda document: None,
        "another title": lambda document: document.docinfo.__setitem__("/Title", "录取通知书"),
        "a page fewer": lambda document: document.pages.__delitem__(0),
        "a page twice": lambda document: document.pages.append(document.pages[0]),
        "pages swapped": lambda document: document.pages.reverse(),
        "a page turned": lambda document: document.pages[0].rotate(180, relative=True),
        "a page cropped": lambda document: setattr(document.pages[0], "cropbox", [0, 0, 300, 400]),
        "text over the page": lambda document: document.pages[0].contents_add(b"0 0 200 200 re f"),
        "no signature": lambda document: document.Root.__delitem__("/AcroForm"),
        "an attachment": lambda document: document.attachments.__setitem__("more.txt", b"more"),
    }
    for name, change in changes.items():
        yield name, rewritten(pdf, change)


def appended(pdf: bytes, change: Callable[[IncrementalPdfFileWriter], object]) -> bytes:
    """Append a change to the file and leave every signed byte in place."""
    writer, file = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    change(writer)
    writer.write(file)
    return file.getvalue()


def note_on_page(writer: IncrementalPdfFileWriter, text: str) -> None:
    page, _resources = writer.find_page_for_modification(0)
    note = {
        NameObject("/Type"): NameObject("/Annot"),
        NameObject("/Subtype"): NameObject("/FreeText"),
        NameObject("/Contents"): pdf_string(text),
        NameObject("/Rect"): ArrayObject(FloatObject(number) for number in (100, 600, 400, 640)),
    }
    annotations = page.get_object().setdefault(NameObject("/Annots"), ArrayObject())
    annotations.append(writer.add_object(DictionaryObject(note)))
    writer.update_container(annotations)
    writer.mark_update(page)


def rename(writer: IncrementalPdfFileWriter, key: str) -> None:
    writer.set_info(writer.add_object(DictionaryObject({NameObject(key): pdf_string("另一份")})))


def updates(pdf: bytes) -> Iterator[Alteration]:
    for text in ("渝领训〔2021〕2号", "张三", "500.00元", "已缴清", "有效期延长一年"):
        yield f"a note with {text}", appended(pdf, partial(note_on_page, text=text))
    for name in ("Title", "Author", "Subject", "Keywords", "Producer"):
        yield f"another {name}", appended(pdf, partial(rename, key=f"/{name}"))
    yield "a line at the end", pdf + b"% more\n"
    yield "a byte fewer", pdf[:-1]
    yield "only what was there before the signature", pdf[: pdf.index(b"%%EOF") + 6]


def forgeries(letter: AdmissionLetter, folder: Path) -> Iterator[Alteration]:
    """Print the letter with other contents, and sign it with another certificate of the same name."""
    other = issue(folder / "other").open(now=real_now())
    contents = {
        "another number": replace(letter, number="渝领训〔2021〕2号"),
        "the number of an earlier version": replace(letter, number="渝领训〔2021〕第001号"),
        "another name": replace(letter, name="张三"),
        "another firm": replace(letter, firm="重庆另一家示例有限公司"),
        "another reference": replace(letter, payment_reference="ZX00000001"),
        "another limit": replace(letter, pay_by=letter.pay_by + timedelta(days=7)),
        "another date": replace(letter, issued_on=letter.issued_on + timedelta(days=1)),
        "another moment": replace(letter, now=letter.now + timedelta(seconds=1)),
        "another place": replace(letter, programme=letter.programme.model_copy(update={"report_place": "别处"})),
        "another account": replace(
            letter,
            programme=letter.programme.model_copy(
                update={"remittance": letter.programme.remittance.model_copy(update={"account_number": "6222"})}
            ),
        ),
        "another code": replace(letter, check=replace(letter.check, code="AAAA-AAAA-AAAA-AAAA")),
        "the same contents": letter,
    }
    for name, content in contents.items():
        unsigned = admission_letter(content)
        yield f"{name}, not signed", unsigned
        yield f"{name}, signed by another", sign(unsigned, other)


class Ruthless(PdfSigner):
    """Signs a file also where its first signature permits no change."""

    def _enforce_certification_constraints(self, reader: PdfFileReader) -> None:
        return None


def second_signature(pdf: bytes, folder: Path) -> bytes:
    """Sign the signed file once more, with a certificate of the same name."""
    signer = issue(folder / "second").open(now=real_now())
    metadata = PdfSignatureMetadata(field_name="Second")
    signed: BytesIO = Ruthless(metadata, signer).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    return signed.getvalue()


@pytest.fixture
def issued(review, tmp_path):
    """An issued, signed letter of admission: the service, the file and its code."""
    certificate = issue(tmp_path / "office")
    review.process.settings.letter_certificate = certificate.file
    review.process.settings.letter_certificate_password_file = certificate.password_file
    review.released(90)
    review.run_jobs()
    [row] = review.rows(LetterRow)
    pdf = review.process.tools.files.get(FileClaim.model_validate(row.file), purpose="contact")
    [code] = CODE.findall(words(pdf))
    return review, pdf, code, row


def letter_of(review, row: LetterRow, code: str) -> AdmissionLetter:
    case = review.case(0)
    return AdmissionLetter(
        programme=review.programme,
        number=row.number,
        name=case.student_name,
        firm=case.firm_name,
        check=Check(code, "http://127.0.0.1:8000/review/check"),
        issued_on=local(row.ordered_at).date(),
        now=row.ordered_at,
        payment_reference=case.payment_reference,
        pay_by=review.programme.pay_by,
    )


def test_a_hundred_altered_copies_are_recognised(issued, tmp_path):
    review, pdf, code, row = issued
    letter = letter_of(review, row, code)
    assert pdf.startswith(admission_letter(letter))
    altered = [
        *flips(pdf),
        *editors(pdf),
        *updates(pdf),
        *forgeries(letter, tmp_path),
        ("a second signature", second_signature(pdf, tmp_path)),
        ("an empty file", b""),
        ("a picture", b"\x89PNG\r\n\x1a\n"),
    ]
    public = TestClient(make_app(review.process))

    def is_issued(copy: bytes) -> bool:
        answer = public.post(f"/review/check/{code}", files={"file": copy})
        assert answer.status_code == 200
        assert ("逐字节一致" in answer.text) != ("不一致" in answer.text)
        return "逐字节一致" in answer.text

    assert is_issued(pdf)
    assert is_signed_by(tmp_path / "office", pdf)
    assert len(altered) == 100
    assert len({copy for _name, copy in altered} | {pdf}) == 101
    assert [name for name, copy in altered if is_issued(copy)] == []
    assert [name for name, copy in altered if is_signed_by(tmp_path / "office", copy)] == []
