"""Forms whose fields are many or named by their rows, read whole. Used by the pages of this package."""

from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData


async def whole_form(request: Request) -> FormData:
    """The form as sent; shared/http/security_headers.py bounds it."""
    return await request.form()


WithForm = Annotated[FormData, Depends(whole_form)]
