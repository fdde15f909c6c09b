"""Errors of pydantic as messages: the length of a text is counted in characters, that of a list in items."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError

from shared.foundation.text import Line
from shared.foundation.validation import field_errors_of


class Form(BaseModel):
    text: Annotated[Line, Field(min_length=2, max_length=3)]
    numbers: Annotated[list[int], Field(max_length=3)] = []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"text": "\u200b岩 "}, ("/text", "string_too_short", "至少要 2 个字符")),
        ({"text": "王伟明明"}, ("/text", "string_too_long", "超过 3 个字符,请缩短")),
        ({"text": "王伟", "numbers": [1, 2, 3, 4]}, ("/numbers", "too_long", "超过 3 项,请减少")),
        (
            {"text": "王\u202e"},
            ("/text", "character", "第 2 个字符(U+202E RIGHT-TO-LEFT OVERRIDE)会改变文字的显示方向,请删去后重新输入"),
        ),
    ],
)
def test_an_error_states_what_is_counted(body, error):
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(body)
    assert [(one.field, one.code, str(one)) for one in field_errors_of(refused.value.errors())] == [error]
