"""The bounds of the texts and lists in forms and queries. tests/limits refuses a parameter without a bound.

The bounds are wider than the rules of the services, whose refusals name what is wrong with a field.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Query, Request
from pydantic import StringConstraints
from starlette.datastructures import FormData

from shared.foundation.errors import FieldError, Invalid

_MOST_ROWS = 1000
_LONGEST_CODE, _LONGEST_NAME, _LONGEST_REMARK, _LONGEST_TEXT = 100, 100, 2000, 4000

FormCode = Annotated[str, Form(max_length=_LONGEST_CODE)]
FormName = Annotated[str, Form(max_length=_LONGEST_NAME)]
FormRemark = Annotated[str, Form(max_length=_LONGEST_REMARK)]
FormCodes = Annotated[list[Annotated[str, StringConstraints(max_length=_LONGEST_CODE)]], Form(max_length=_MOST_ROWS)]
FormIds = Annotated[list[UUID], Form(max_length=_MOST_ROWS)]
QueryCode = Annotated[str, Query(max_length=_LONGEST_CODE)]
QueryPath = Annotated[str, Query(max_length=_LONGEST_REMARK)]


async def whole_form(request: Request) -> FormData:
    """Return the submitted form. Raises Invalid for a text of more than 4,000 characters."""
    form = await request.form()
    for name, value in form.multi_items():
        if len(name) > _LONGEST_NAME or (isinstance(value, str) and len(value) > _LONGEST_TEXT):
            values = {"max_length": _LONGEST_TEXT}
            error = FieldError(f"/{name[:_LONGEST_NAME]}", "string_too_long", "超过 {max_length} 个字符,请缩短", values)
            raise Invalid("表单中的一项太长，请缩短后重试。", code="invalid-body", field_errors=[error])
    return form


WholeForm = Annotated[FormData, Depends(whole_form)]
"""Form data as a whole, for forms with repeated fields or fields named by their rows."""
