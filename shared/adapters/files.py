"""Stored files, encrypted at rest, addressed by claim check (key and SHA-256). Intake and the workers write them."""

import hashlib
import shutil
from errno import ENOSPC

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from shared.adapters.keyring import KeyRing, Purpose
from shared.events import FileClaim
from shared.foundation.errors import NotFound

# Below this, the scans of a busy hour would not fit.
_MIN_FREE_BYTES = 64 * 1024 * 1024


class FileStore:
    """Files behind a URL (`file:///…`, `s3://…`), encrypted with the key of a purpose."""

    def __init__(self, url: str, keys: KeyRing) -> None:
        self._store: ObjectStore = (
            LocalStore(url.removeprefix("file://"), mkdir=True) if url.startswith("file://") else from_url(url)
        )
        self._keys = keys
        self._folder = url.removeprefix("file://") if url.startswith("file://") else None

    def check_free_space(self) -> None:
        """Raise OSError when the folder's disk is nearly full. Object stores are not checked."""
        if self._folder and shutil.disk_usage(self._folder).free < _MIN_FREE_BYTES:
            raise OSError(ENOSPC, "磁盘将满：请清理或扩容", self._folder)

    def put(
        self, content: bytes, *, kind: str, programme: str, media_type: str, purpose: Purpose, key: str
    ) -> FileClaim:
        """Store `content` under `key` and return its claim check. A repeat with the same key replaces the file."""
        obstore.put(self._store, key, self._keys.encrypt(purpose, programme, content))
        digest = hashlib.sha256(content).hexdigest()
        return FileClaim(kind=kind, key=key, sha256=digest, media_type=media_type, size=len(content))

    def get(self, claim: FileClaim, *, purpose: Purpose) -> bytes:
        """Return the bytes, verified against the claim. Raises NotFound if the file or its key is missing or the bytes
        were altered, and Forbidden without the purpose's key."""
        try:
            sealed = bytes(obstore.get(self._store, claim.key).bytes())
        except FileNotFoundError as error:
            raise NotFound("文件不存在或已按保存期限删除。", code="file-gone") from error
        content = self._keys.decrypt(purpose, sealed)
        if hashlib.sha256(content).hexdigest() != claim.sha256:
            raise NotFound("文件内容与登记的摘要不一致,已停止使用。", code="file-altered")
        return content

    def delete(self, key: str) -> None:
        """Delete a file. A repeat does nothing."""
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            return
