"""Parsers for the form fields of scheduling's pages; each error names its field. Used by the pages."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import Depends

from services.scheduling.rules.interviews.panels import HalfDay, JudgeEntry
from shared.foundation import clock
from shared.foundation.errors import FieldError, Invalid, Message
from shared.foundation.text import clean_identifier
from shared.http.auth import CurrentUser, staff
from shared.http.fields import WholeForm

Reader = Annotated[CurrentUser, Depends(staff("scheduler", "registrar"))]
Scheduler = Annotated[CurrentUser, Depends(staff("scheduler"))]
Registrar = Annotated[CurrentUser, Depends(staff("registrar"))]


def form_fields(form: WholeForm) -> dict[str, str]:
    """Return every field of the form, for forms with one field per row."""
    return {name: str(value) for name, value in form.items()}


Entries = Annotated[Mapping[str, str], Depends(form_fields)]


def row_values(fields: Mapping[str, str], prefix: str) -> dict[UUID, str]:
    """Map id to value for the non-empty fields `<prefix>-<id>`. Raises Invalid for a malformed id."""
    found = {}
    for name, value in fields.items():
        if name.startswith(f"{prefix}-") and value:
            try:
                found[UUID(name.removeprefix(f"{prefix}-"))] = value
            except ValueError as error:
                raise entry_error(name, Message("表单中的学员编号无法识别，请刷新页面")) from error
    return found


def parse_days(text: str, field: str) -> list[date]:
    """Parse dates such as 2021-12-06, separated by blanks, commas or line breaks. Raises Invalid."""
    try:
        return [clock.parse_day(word) for word in split_words(text)]
    except ValueError as error:
        raise entry_error(field, Message("日期应写作 2021-12-06，多个日期用空格或换行分开")) from error


def parse_day(text: str, field: str) -> date:
    """Parse one date. Raises Invalid."""
    days = parse_days(text, field)
    if len(days) != 1:
        raise entry_error(field, Message("请填写一个日期，例如 2021-12-06"))
    return days[0]


def parse_half_days(days: str, hours: str) -> list[HalfDay]:
    """Combine each day with each period, written 08:30-12:00, in China's time. Raises Invalid."""
    periods = []
    for word in split_words(hours):
        match = re.fullmatch(r"(\d{2}:\d{2})[-–—~](\d{2}:\d{2})", word)
        try:
            begins, ends = match.groups() if match else ("", "")
            periods.append((time.fromisoformat(begins), time.fromisoformat(ends)))
        except ValueError as error:
            raise entry_error("hours", Message("时段应写作 08:30-12:00，多个时段用空格分开")) from error
    return [
        HalfDay(_moment(day, begins), _moment(day, ends))
        for day in parse_days(days, "days")
        for begins, ends in periods
    ]


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, clock.SHANGHAI).astimezone(UTC)


def parse_judges(text: str) -> list[JudgeEntry]:
    """Parse one judge per line: account, name, the employer's credit code, then those of every other linked firm,
    separated by commas or blanks. Raises Invalid."""
    judges = []
    for line in text.splitlines():
        parts = split_words(line)
        if not parts:
            continue
        if len(parts) < 3:
            raise entry_error(
                "judges",
                Message("“{line}”至少应有三项：账号、姓名、工作单位统一社会信用代码", {"line": line.strip()[:40]}),
            )
        account, name, employer, *linked = parts
        judges.append(JudgeEntry(account, name, clean_identifier(employer), tuple(map(clean_identifier, linked))))
    return judges


def split_words(text: str) -> list[str]:
    """Split a text at blanks, line breaks, commas, semicolons and their Chinese forms."""
    return [word for word in re.split(r"[\s,，、;；]+", text) if word]


def entry_error(field: str, what: Message) -> Invalid:
    """Return an Invalid with one field error."""
    error = FieldError(f"/{field}", "entry", what.message, what.values)
    return Invalid("{fault}。", code="entry", field_errors=[error], values={"fault": error})
