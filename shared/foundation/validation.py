"""Convert pydantic's validation errors into refusals that the sender can act on."""

from collections.abc import Sequence
from typing import Any

from shared.foundation.errors import FieldError, Invalid, Joined, Message
from shared.foundation.text import UnusableText

_MESSAGES = {
    "missing": "缺少此项,请补上",
    "extra_forbidden": "没有这个字段,请删去或检查拼写",
    "string_too_long": "超过 {max_length} 个字符,请缩短",
    "too_long": "超过 {max_length} 项,请减少",
    "string_too_short": "至少要 {min_length} 个字符",
    "literal_error": "只能是 {expected} 之一",
    "enum": "只能是 {expected} 之一",
    "json_invalid": "不是合法的 JSON",
    "timezone_aware": "时间必须带时区,例如 2021-11-25T10:00:00+08:00",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "less_than": "必须小于 {lt}",
}


def invalid_body(errors: Sequence[Any]) -> Invalid:
    """Return the refusal for a body with these errors of pydantic. Its message names the first three."""
    found = field_errors_of(errors)
    first = Joined([Message("{field}:{fault}", {"field": one.field, "fault": one}) for one in found[:3]], ";")
    return Invalid("提交的内容不合要求。{faults}", code="invalid-body", field_errors=found, values={"faults": first})


def field_errors_of(errors: Sequence[Any]) -> list[FieldError]:
    """Return a FieldError per error: a JSON pointer (RFC 6901), pydantic's stable code, and a message with the
    remedy."""
    return [_field_error(error) for error in errors]


def _field_error(error: Any) -> FieldError:
    kind, values = error["type"], error.get("ctx", {})
    cause = values.get("error")
    if isinstance(cause, UnusableText):
        return FieldError(_pointer(error["loc"]), cause.code, cause.message.message, cause.message.values)
    # Behind the gate for text, pydantic has one code for the length of a text and of a list.
    if kind in ("too_long", "too_short") and isinstance(error.get("input"), str):
        kind = f"string_{kind}"
    return FieldError(_pointer(error["loc"]), kind, _MESSAGES.get(kind, "格式不正确,请对照接口说明"), values)


def _pointer(location: Sequence[Any]) -> str:
    steps = [str(step) for step in location if step != "body"]
    return "/" + "/".join(steps)
