"""Compression of responses that are whole in memory: pages and static files. Used by the dashboard.

A page contains the CSRF token of its session and texts that a link can put there; a compressed size would show how alike they
are (BREACH). The token is therefore masked anew in each page (auth.py).
"""

import gzip

import zstandard
from starlette.requests import Request
from starlette.responses import Response

LEAST_BYTES = 1000
# In order of preference, with the level that takes about a millisecond for the largest page, and the best one.
_LEVELS = {"zstd": (3, 19), "gzip": (5, 9)}


def encoding_of(request: Request) -> str:
    """Return the preferred content coding that the client accepts (RFC 9110, 12.5.3): zstd, gzip, or "" for none."""
    accepted = set()
    for part in ",".join(request.headers.getlist("accept-encoding")).lower().split(","):
        name, _, weight = part.partition(";")
        if weight.strip() not in ("q=0", "q=0.0", "q=0.00", "q=0.000"):
            accepted.add(name.strip())
    return next((name for name in _LEVELS if name in accepted), "")


def encoded(content: bytes, encoding: str, *, best: bool = False) -> bytes:
    """Return the content in a coding that `encoding_of` returned; with `best`, as small as it gets, however long it takes."""
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=_LEVELS["zstd"][best]).compress(content)
    return gzip.compress(content, compresslevel=_LEVELS["gzip"][best], mtime=0) if encoding else content


def compress(request: Request, response: Response) -> None:
    """Compress the body of a response in place if the client accepts it and it is not small."""
    content = bytes(response.body)
    response.headers.add_vary_header("Accept-Encoding")
    encoding = encoding_of(request)
    if encoding and len(content) >= LEAST_BYTES:
        response.body = encoded(content, encoding)
        response.headers["Content-Encoding"] = encoding
        response.headers["Content-Length"] = str(len(response.body))
