"""The bounds of the texts and lists in forms and queries, and the gate for what people type into forms. tests/limits
refuses a parameter without a bound, tests/contracts a text of a form that does not pass the gate.

The bounds are wider than the rules of the services, whose refusals name what is wrong with a field.
"""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Form, Query, Request
from pydantic import StringConstraints
from starlette.datastructures import FormData, UploadFile

from shared.foundation.errors import FieldError, Invalid
from shared.foundation.text import Line, Lines, UnusableText, clean_lines

_MOST_ROWS = 1000
_LONGEST_CODE, _LONGEST_NAME, _LONGEST_REMARK, _LONGEST_TEXT = 100, 100, 2000, 4000

FormCode = Annotated[Line, Form(max_length=_LONGEST_CODE)]
FormName = Annotated[Line, Form(max_length=_LONGEST_NAME)]
FormRemark = Annotated[Lines, Form(max_length=_LONGEST_REMARK)]
FormSecret = Annotated[str, Form(max_length=_LONGEST_REMARK)]
"""A password or a token, which is compared as it was typed."""
FormCodes = Annotated[list[Annotated[Line, StringConstraints(max_length=_LONGEST_CODE)]], Form(max_length=_MOST_ROWS)]
FormIds = Annotated[list[UUID], Form(max_length=_MOST_ROWS)]
QueryCode = Annotated[str, Query(max_length=_LONGEST_CODE)]
QueryPath = Annotated[str, Query(max_length=_LONGEST_REMARK)]


async def whole_form(request: Request) -> FormData:
    """Return the submitted form, each text through the gate. Raises Invalid for a refused character or a text of more
    than 4,000 characters."""
    form = await request.form()
    for name, value in form.multi_items():
        if len(name) > _LONGEST_NAME or (isinstance(value, str) and len(value) > _LONGEST_TEXT):
            values = {"max_length": _LONGEST_TEXT}
            error = FieldError(f"/{name[:_LONGEST_NAME]}", "string_too_long", "超过 {max_length} 个字符,请缩短", values)
            raise Invalid("表单中的一项太长，请缩短后重试。", code="invalid-body", field_errors=[error])
    return FormData([(name, _gated(name, value)) for name, value in form.multi_items()])


def _gated(name: str, value: UploadFile | str) -> UploadFile | str:
    try:
        return clean_lines(value) if isinstance(value, str) else value
    except UnusableText as refusal:
        error = FieldError(f"/{name}", refusal.code, refusal.message.message, refusal.message.values)
        values = {"fault": error}
        raise Invalid("{fault}。", code="invalid-body", field_errors=[error], values=values) from refusal


WholeForm = Annotated[FormData, Depends(whole_form)]
"""Form data as a whole, for forms with repeated fields or fields named by their rows."""
