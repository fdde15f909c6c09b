"""Form data as a whole, for forms with repeated fields or fields named by their rows. Used by the pages."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData


async def whole_form(request: Request) -> FormData:
    """Return the submitted form; shared/http/security_headers.py limits its size."""
    return await request.form()


WithForm = Annotated[FormData, Depends(whole_form)]
