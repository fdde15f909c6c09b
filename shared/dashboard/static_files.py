"""Static files of the pages: the list library's and this package's, under an address that changes with their content.

Browsers may keep them for a year, and need not ask again. frame.py adds the route; every service has the same files, so that
a browser fetches them once for the whole installation.
"""

import hashlib
import mimetypes
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import Request, Response

from shared.foundation.errors import NotFound
from shared.http.compression import encoded, encoding_of

_FOLDERS = (Path(str(files("starlette_admin"))) / "static", Path(__file__).parent / "static")
# What compression makes no smaller.
_COMPRESSED_TYPES = ("font/", "image/png", "image/jpeg", "image/gif")
_YEAR = "public, max-age=31536000, immutable"
mimetypes.add_type("font/woff2", ".woff2")


@cache
def _tree() -> dict[str, Path]:
    """Map the relative path of each file to the file; this package's come before the library's."""
    return {
        path.relative_to(folder).as_posix(): path
        for folder in _FOLDERS
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@cache
def version() -> str:
    """Return the hash of all names and contents: relative addresses inside the files stay right below one name."""
    digest = hashlib.sha256()
    for name, path in sorted(_tree().items()):
        digest.update(f"{name}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def address(path: str) -> str:
    """Return the address of a static file, such as `lingjun/mark.svg`."""
    return f"/static/{version()}/{path}"


@cache
def _content(name: str, encoding: str) -> bytes:
    """Return a file in a content coding. It is compressed once per process, at its first request."""
    return encoded(_tree()[name].read_bytes(), encoding, best=True)


def serve_static_file(request: Request, asked_version: str, path: str) -> Response:
    """Return a static file. A file of another version is unknown: it would be kept for a year under the wrong name."""
    if asked_version != version() or path not in _tree():
        raise NotFound("没有这个文件。", code="no-static-file")
    media_type = mimetypes.guess_type(path)[0] or "application/octet-stream"
    encoding = "" if media_type.startswith(_COMPRESSED_TYPES) else encoding_of(request)
    headers = {"Cache-Control": _YEAR, "Vary": "Accept-Encoding"}
    if encoding:
        headers["Content-Encoding"] = encoding
    return Response(_content(path, encoding), media_type=media_type, headers=headers)
