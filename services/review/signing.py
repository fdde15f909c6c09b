"""Electronic signatures on letters, with the office's own certificate (PAdES, ETSI EN 319 142-1). Called by tasks.py.

A certificate is valid in real time, and so is a signature; a demo's clock does not matter to either.
"""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from services.review.states import CertificateFault

FIELD = "Signature"


class CertificateUnusable(Exception):
    """Nothing can be signed at present; `fault` states why."""

    def __init__(self, fault: CertificateFault) -> None:
        super().__init__(fault)
        self.fault = fault


@dataclass(frozen=True)
class Certificate:
    """The files of a certificate: PKCS#12, and its password."""

    file: Path
    password_file: Path | None

    def open(self, *, now: datetime) -> SimpleSigner:
        """Read the certificate and its key. Raises CertificateUnusable if they cannot be read or are not valid now."""
        try:
            password = self.password_file.read_text().strip().encode() if self.password_file else None
            signer: SimpleSigner = SimpleSigner.load_pkcs12_data(
                self.file.read_bytes(), other_certs=[], passphrase=password
            )
        except (OSError, ValueError, AttributeError) as error:
            raise CertificateUnusable(CertificateFault.UNREADABLE) from error
        certificate = signer.signing_cert
        assert certificate is not None
        usage = certificate.key_usage_value
        may_sign = usage is None or {"digital_signature", "non_repudiation"} & usage.native
        if certificate.public_key.algorithm not in ("rsa", "ec") or not may_sign:
            raise CertificateUnusable(CertificateFault.UNSUITABLE)
        if now < certificate.not_valid_before:
            raise CertificateUnusable(CertificateFault.NOT_YET_VALID)
        if now > certificate.not_valid_after:
            raise CertificateUnusable(CertificateFault.EXPIRED)
        return signer


def sign(pdf: bytes, signer: SimpleSigner) -> bytes:
    """Return the PDF with a signature that permits no change afterwards.

    The signature is invisible and outside the page, which PDF/A and PDF/UA both accept.
    """
    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
    )
    field = SigFieldSpec(
        FIELD, invis_sig_settings=InvisSigSettings(box_out_of_bounds=True), readable_field_name="签发单位电子签章"
    )
    signed: BytesIO = PdfSigner(metadata, signer, new_field_spec=field).sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
    return signed.getvalue()
