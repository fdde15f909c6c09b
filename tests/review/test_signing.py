"""Letters are signed with the office's certificate, and wait for it visibly while it cannot sign."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

import outloud
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from pyhanko.pdf_utils.reader import PdfFileReader

from services.review.documents import admission_letter
from services.review.jobs import WriteAdmissionLetter
from services.review.models import LetterRow
from services.review.settings import ReviewSettings
from services.review.signing import Certificate, CertificateUnusable, sign
from services.review.states import CertificateFault
from shared.events import FileClaim
from shared.foundation.clock import real_now
from shared.jobs.job import enqueue
from shared.persistence.models import AuditRow, JobRow
from shared.wiring.settings import read
from tests.processes import sent_mails
from tests.review.certificates import SEALED, is_signed_by, issue
from tests.review.desk import as_staff
from tests.review.test_documents import ADMISSION
from tests.shared.test_settings import environment

__all__ = ["environment"]
DAY = timedelta(days=1)


def use(review, certificate: Certificate) -> None:
    review.process.settings.letter_certificate = certificate.file
    review.process.settings.letter_certificate_password_file = certificate.password_file


def file_of(review, row: LetterRow) -> bytes:
    return review.process.tools.files.get(FileClaim.model_validate(row.file), purpose="contact")


def test_letters_are_signed_and_what_is_mailed_is_the_stored_file(review, tmp_path):
    use(review, issue(tmp_path / "certificate"))
    review.released(60, 65, 70, 75, 80, 85)
    review.run_jobs()
    rows = review.rows(LetterRow)
    files = [file_of(review, row) for row in rows]
    assert [is_signed_by(tmp_path / "certificate", pdf) for pdf in files] == [True] * 6
    assert len(sent_mails(review.folder)) == 6
    review.rerun_jobs()
    assert [file_of(review, row) for row in review.rows(LetterRow)] == files


def test_without_a_certificate_letters_are_not_signed(review):
    review.released(60)
    review.run_jobs()
    assert PdfFileReader(BytesIO(file_of(review, review.rows(LetterRow)[0]))).embedded_signatures == []


def test_a_signed_letter_is_pades_and_still_pdf_a_and_pdf_ua(tmp_path):
    certificate = issue(tmp_path)
    (tmp_path / "signed.pdf").write_bytes(sign(admission_letter(ADMISSION), certificate.open(now=real_now())))
    with (tmp_path / "signed.pdf").open("rb") as file:
        [signature] = PdfFileReader(file).embedded_signatures
        assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
        assert signature.docmdp_level.name == "NO_CHANGES"
        # PDF/A-2, 6.3.2: printed, not hidden. PDF/UA-1, 7.18.1: hidden, tagged, or, as here, outside the page.
        assert signature.sig_field["/F"] & 0b10110 == 0b00100
        assert max(signature.sig_field["/Rect"]) < 0
    # The checker knows the exception for hidden fields, but not the one for fields outside the page.
    found = outloud.check(str(tmp_path / "signed.pdf"), skip={"FRM-003"})
    assert [one.rule for one in found.findings if one.severity == "error"] == []


@pytest.mark.parametrize(
    ("validity", "fault", "words"),
    [
        ({"until": -DAY}, CertificateFault.EXPIRED, "签章证书已过期"),
        ({"since": DAY}, CertificateFault.NOT_YET_VALID, "签章证书尚未生效"),
    ],
)
def test_letters_wait_visibly_while_the_certificate_is_not_valid(review, tmp_path, validity, fault, words):
    use(review, issue(tmp_path / "certificate", **validity))
    review.released(60, 65)
    for _ in range(3):
        review.run_jobs()
    jobs = review.rows(JobRow)
    assert {(row.state, row.outcome, row.attempt) for row in jobs} == {
        ("waiting", f"waits for a certificate: {fault}", 0)
    }
    assert [(row.unsigned, row.file, row.sent_at) for row in review.rows(LetterRow)] == [(fault, None, None)] * 2
    assert sent_mails(review.folder) == []
    office = as_staff(review, "review01", "reviewer")
    assert f"尚未寄发：{words}" in office.get(f"/review/cases/{review.case(0).id}").text
    overview = office.get("/review/").text
    assert "等签章证书的通知书" in overview
    assert [row.action for row in review.rows(AuditRow) if "certificate" in row.action] == ["await_certificate"] * 2


def test_waiting_letters_go_on_by_themselves_once_the_certificate_is_valid(review, tmp_path):
    use(review, issue(tmp_path / "certificate", until=-DAY))
    review.released(60)
    review.run_jobs()
    issue(tmp_path / "certificate")
    review.run_jobs()
    [letter] = review.rows(LetterRow)
    assert (letter.unsigned, letter.sent_at is None) == ("", False)
    assert is_signed_by(tmp_path / "certificate", file_of(review, letter))
    office = as_staff(review, "review01", "reviewer")
    assert "尚未寄发" not in office.get(f"/review/cases/{review.case(0).id}").text
    assert "等签章证书的通知书" not in office.get("/review/").text


def lose(name: str):
    return lambda folder: (folder / name).unlink()


def overwrite(name: str, content: bytes):
    return lambda folder: (folder / name).write_bytes(content)


def without_certificate(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    content = pkcs12.serialize_key_and_certificates(b"office", key, None, None, SEALED)
    (folder / "office.p12").write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lose("office.p12"),
        lose("password"),
        overwrite("password", b"another"),
        overwrite("office.p12", b"no certificate"),
        overwrite("password", b"\xff\xfe"),
        without_certificate,
    ],
)
def test_a_certificate_that_cannot_be_read_is_a_fault(tmp_path, damage):
    certificate = issue(tmp_path)
    damage(tmp_path)
    with pytest.raises(CertificateUnusable) as refused:
        certificate.open(now=real_now())
    assert refused.value.fault == CertificateFault.UNREADABLE


@pytest.mark.parametrize("fault", [{"key": ed25519.Ed25519PrivateKey.generate()}, {"may_sign": False}])
def test_a_certificate_that_cannot_sign_is_a_fault_before_a_letter_is_printed(tmp_path, fault):
    with pytest.raises(CertificateUnusable) as refused:
        issue(tmp_path, **fault).open(now=real_now())
    assert refused.value.fault == CertificateFault.UNSUITABLE


def test_a_key_on_an_elliptic_curve_signs(tmp_path):
    signer = issue(tmp_path, key=ec.generate_private_key(ec.SECP256R1())).open(now=real_now())
    assert is_signed_by(tmp_path, sign(admission_letter(ADMISSION), signer))


def test_a_worker_that_lost_its_lease_replaces_no_issued_file(review, tmp_path):
    """Two signatures of the same letter differ, and so do the keys of their files."""
    use(review, issue(tmp_path))
    review.released(90)
    review.run_jobs()
    first = review.rows(LetterRow)[0].file["key"]
    with review.process.database.transaction() as uow:
        row = uow.session.get_one(LetterRow, review.rows(LetterRow)[0].id)
        row.file, row.check_hash = None, None
        uow.session.add(row)
        enqueue(uow, WriteAdmissionLetter(letter_id=row.id))
    review.run_jobs()
    assert review.rows(LetterRow)[0].file["key"] != first


def test_a_file_without_a_password_needs_no_password_file(tmp_path):
    open_file = issue(tmp_path, encryption=NoEncryption()).file
    signer = Certificate(open_file, None).open(now=real_now())
    assert is_signed_by(tmp_path, sign(admission_letter(ADMISSION), signer))


def test_the_files_are_settings_and_none_is_none(environment, tmp_path):
    for value in ("none", ""):
        environment.setenv("LINGJUN_LETTER_CERTIFICATE", value)
        assert read(ReviewSettings).letter_certificate is None
    environment.setenv("LINGJUN_LETTER_CERTIFICATE", str(tmp_path / "office.p12"))
    environment.setenv("LINGJUN_LETTER_CERTIFICATE_PASSWORD_FILE", str(tmp_path / "password"))
    settings = read(ReviewSettings)
    assert (settings.letter_certificate, settings.letter_certificate_password_file) == (
        tmp_path / "office.p12",
        tmp_path / "password",
    )
