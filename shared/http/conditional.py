"""JSON that a client may keep and ask about: an entity tag, and 304 while the content is the same (RFC 9110, 13). Used by web.py
for the OpenAPI document. Everything that may name a person is `no-store`.
"""

import hashlib

from fastapi import Request, Response

from shared.http.compression import compress


def unless_known(request: Request, content: bytes) -> Response:
    """Return JSON with its entity tag; 304 without content if the client names the tag in If-None-Match."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if known & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    response = Response(content, media_type="application/json", headers=headers)
    compress(request, response)
    return response
