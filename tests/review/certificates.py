"""Certificates of an invented office, as PKCS#12 files; and what a reader's signature check finds. Used by the tests of
signed letters."""

from datetime import timedelta
from io import BytesIO
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from pyhanko.keys import load_cert_from_pemder
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import SignatureCoverageLevel, validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from services.review.signing import Certificate
from shared.foundation.clock import real_now

PASSWORD = "an-invented-password"
SEALED = BestAvailableEncryption(PASSWORD.encode())
OFFICE = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "重庆示例培训办公室")])
_YEAR = timedelta(days=365)


def issue(
    folder: Path,
    *,
    since: timedelta = -_YEAR,
    until: timedelta = _YEAR,
    encryption: KeySerializationEncryption = SEALED,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | None = None,
    may_sign: bool = True,
) -> Certificate:
    """Write a new certificate of the office, valid from `since` to `until` from now on, over the one in the folder."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(OFFICE)
        .issuer_name(OFFICE)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(real_now() + since)
        .not_valid_after(real_now() + until)
        .add_extension(
            x509.KeyUsage(
                digital_signature=may_sign,
                content_commitment=may_sign,
                encipher_only=False,
                decipher_only=False,
                **usage,
            ),
            critical=True,
        )
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    folder.mkdir(exist_ok=True)
    (folder / "office.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"office", key, certificate, None, encryption)
    )
    (folder / "office.der").write_bytes(certificate.public_bytes(Encoding.DER))
    (folder / "password").write_text(PASSWORD + "\n")
    return Certificate(folder / "office.p12", folder / "password")


def is_signed_by(folder: Path, pdf: bytes) -> bool:
    """Return whether a reader that trusts the folder's certificate calls the file signed by it and unchanged since."""
    trusted = load_cert_from_pemder(str(folder / "office.der"))
    try:
        signatures = PdfFileReader(BytesIO(pdf)).embedded_signatures
        context = ValidationContext(trust_roots=[trusted], allow_fetching=False)
        found = [validate_pdf_signature(one, context) for one in signatures]
    except Exception:
        return False
    return len(found) == 1 and found[0].bottom_line and found[0].coverage == SignatureCoverageLevel.ENTIRE_FILE
