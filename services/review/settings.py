"""Review's settings. Besides identity and contact, it holds the key for scans, because reviewers view them."""

from typing import ClassVar

from shared.wiring.settings import OptionalPath, Settings


class ReviewSettings(Settings):
    """See shared.wiring.settings.Settings.

    `letter_certificate`: PKCS#12 file with the office's own certificate and key, with which letters are signed; and
    `letter_certificate_password_file`: a text file with its password. Letters are not signed, and a file has no password,
    when empty or "none". Both are read for each letter, so that a new certificate needs no restart.
    """

    SERVICE: ClassVar[str] = "review"

    letter_certificate: OptionalPath = None
    letter_certificate_password_file: OptionalPath = None
