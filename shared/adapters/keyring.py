"""Encryption of personal data by purpose: AES-256-GCM with the key's id in the header, a keyed hash, and a mask to
display.

Each key belongs to a programme and a purpose and is stored in its own file. Destroying it makes events, dead letters
and backups unreadable too. Each process gets only the folders of its purposes. The index key of a purpose is shared by
all programmes, because past attendance of a person is found by it.
"""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.events import Sealed
from shared.foundation.errors import Forbidden, NotFound

Purpose = Literal["identity", "contact", "bank", "scan"]
ALGORITHM = b"\x01"
_NONCE = 12


class KeyRing:
    """The keys under `folder`, with a subfolder per purpose; only those of `purposes` are used. Only intake calls
    `create`. Reading never creates a key, so a destroyed key stays destroyed."""

    def __init__(self, folder: Path, *, purposes: Sequence[Purpose]) -> None:
        self._folder = folder
        self._purposes = purposes
        self._cached: dict[tuple[Purpose, str], bytes] = {}

    def create(self, programme: str) -> None:
        """Create the programme's keys and the index keys of every purpose. Existing keys are kept."""
        for purpose in self._purposes:
            for name in (programme, "index"):
                _create(self._path(purpose, name))

    def seal(self, purpose: Purpose, programme: str, clear: str, *, mask: str) -> Sealed:
        """Encrypt a text. Equal texts have an equal `index` within a purpose, also across programmes."""
        sealed = base64.b64encode(self.encrypt(purpose, programme, clear.encode())).decode()
        return Sealed(sealed=sealed, index=self.index(purpose, clear), mask=mask)

    def open(self, purpose: Purpose, value: Sealed) -> str:
        """Decrypt a value. Raises Forbidden without the purpose's key, NotFound if the key was destroyed or the text
        altered."""
        return self.decrypt(purpose, base64.b64decode(value.sealed)).decode()

    def index(self, purpose: Purpose, clear: str) -> str:
        """Return the HMAC-SHA-256 (hex) of a text under the purpose's index key."""
        return hmac.new(self._key(purpose, "index"), clear.encode(), hashlib.sha256).hexdigest()

    def encrypt(self, purpose: Purpose, programme: str, clear: bytes) -> bytes:
        """Return header (algorithm, length of the key id, key id), nonce and ciphertext. The header is
        authenticated."""
        name = programme.encode()
        header = ALGORITHM + bytes([len(name)]) + name
        nonce = os.urandom(_NONCE)
        return header + nonce + AESGCM(self._key(purpose, programme)).encrypt(nonce, clear, header + purpose.encode())

    def decrypt(self, purpose: Purpose, sealed: bytes) -> bytes:
        """Reverse `encrypt`. Raises as `open` does."""
        cut = 2 + sealed[1]
        header, nonce, ciphertext = sealed[:cut], sealed[cut : cut + _NONCE], sealed[cut + _NONCE :]
        try:
            return AESGCM(self._key(purpose, header[2:].decode())).decrypt(nonce, ciphertext, header + purpose.encode())
        except InvalidTag as error:
            raise NotFound("密文已损坏或被改动,无法解密。", code="sealed-text-altered") from error

    def _key(self, purpose: Purpose, name: str) -> bytes:
        if purpose not in self._purposes:
            raise Forbidden("本进程没有用途“{purpose}”的密钥。", code="no-key-for-purpose", values={"purpose": purpose})
        if (purpose, name) not in self._cached:
            path = self._path(purpose, name)
            if not path.exists():
                raise NotFound(
                    "用途“{purpose}”的密钥不存在或已销毁,资料无法读取。",
                    code="key-destroyed",
                    values={"purpose": purpose},
                )
            self._cached[purpose, name] = path.read_bytes()
        return self._cached[purpose, name]

    def _path(self, purpose: Purpose, name: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,60}", name):
            raise Forbidden("密钥编号不合规范。", code="key-name")
        return self._folder / purpose / f"{name}.key"


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "wb") as file:
        file.write(os.urandom(32))
        file.flush()
        os.fsync(file.fileno())


def mask_identity(number: str) -> str:
    """Mask a resident ID as `5****************2`, another document as `*******78`. A resident ID contains the birth
    date and a check digit: with the district and the last four digits, a known birth date would complete the number."""
    start = number[:1] if len(number) == 18 else ""
    end = number[-1:] if start else number[-2:]
    return f"{start}{'*' * (len(number) - len(start) - len(end))}{end}"


def mask_mobile(number: str) -> str:
    """Mask a mobile number as `138****8000`, without the +86 of E.164."""
    digits = re.sub(r"^\+86", "", number)
    return f"{digits[:3]}****{digits[-4:]}"


def mask_email(address: str) -> str:
    """Mask an e-mail address as `w***@example.cn`."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}***@{domain}"


def mask_name(name: str) -> str:
    """Mask a person's name as `杨**`, whatever its length."""
    return f"{name[:1]}**"


def mask_account(number: str) -> str:
    """Mask a bank account as `****3605`: its last four digits."""
    return f"****{number[-4:]}"
