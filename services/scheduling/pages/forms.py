"""What people type on scheduling's pages, read into values; each mistake names its field. Used by the pages."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.scheduling.rules.panels import HalfDay, JudgeEntry
from shared.foundation.clock import SHANGHAI
from shared.foundation.errors import FieldError, Invalid, Message
from shared.http.auth import CurrentUser, staff

Reader = Annotated[CurrentUser, Depends(staff("scheduler", "registrar"))]
Scheduler = Annotated[CurrentUser, Depends(staff("scheduler"))]
Registrar = Annotated[CurrentUser, Depends(staff("registrar"))]


async def entries(request: Request) -> dict[str, str]:
    """Every field of the form, for forms that have one per row."""
    return {name: str(value) for name, value in (await request.form()).items()}


Entries = Annotated[Mapping[str, str], Depends(entries)]


def rows_of(given: Mapping[str, str], prefix: str) -> dict[UUID, str]:
    """The fields `<prefix>-<id>` that are not empty: id -> value. Raises Invalid for what is no id."""
    found = {}
    for name, value in given.items():
        if name.startswith(f"{prefix}-") and value:
            try:
                found[UUID(name.removeprefix(f"{prefix}-"))] = value
            except ValueError as fault:
                raise wrong(name, Message("表单中的学员编号无法识别，请刷新页面")) from fault
    return found


def typed_days(text: str, field: str) -> list[date]:
    """Dates as 2021-12-06, apart by blanks, commas or lines."""
    try:
        return [date.fromisoformat(word) for word in words(text)]
    except ValueError as fault:
        raise wrong(field, Message("日期应写作 2021-12-06，多个日期用空格或换行分开")) from fault


def typed_day(text: str, field: str) -> date:
    """One date."""
    days = typed_days(text, field)
    if len(days) != 1:
        raise wrong(field, Message("请填写一个日期，例如 2021-12-06"))
    return days[0]


def typed_half_days(days: str, hours: str) -> list[HalfDay]:
    """Each day with each stretch of hours, written 08:30-12:00, as China's time."""
    stretches = []
    for word in words(hours):
        match = re.fullmatch(r"(\d{2}:\d{2})[-–—~](\d{2}:\d{2})", word)
        try:
            begins, ends = match.groups() if match else ("", "")
            stretches.append((time.fromisoformat(begins), time.fromisoformat(ends)))
        except ValueError as fault:
            raise wrong("hours", Message("时段应写作 08:30-12:00，多个时段用空格分开")) from fault
    return [
        HalfDay(_moment(day, begins), _moment(day, ends))
        for day in typed_days(days, "days")
        for begins, ends in stretches
    ]


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, SHANGHAI).astimezone(UTC)


def typed_judges(text: str) -> list[JudgeEntry]:
    """A judge a line: account, name, credit code of the employer, then of every other linked firm, apart by commas or
    blanks."""
    judges = []
    for line in text.splitlines():
        parts = words(line)
        if not parts:
            continue
        if len(parts) < 3:
            raise wrong(
                "judges",
                Message("“{line}”至少应有三项：账号、姓名、工作单位统一社会信用代码", {"line": line.strip()[:40]}),
            )
        account, name, employer, *linked = parts
        judges.append(JudgeEntry(account, name, employer.upper(), tuple(code.upper() for code in linked)))
    return judges


def words(text: str) -> list[str]:
    """The words of a text, apart by blanks, lines, commas and their Chinese kin."""
    return [word for word in re.split(r"[\s,，、;；]+", text) if word]


def wrong(field: str, what: Message) -> Invalid:
    """The refusal of one field."""
    fault = FieldError(f"/{field}", "entry", what.message, what.values)
    return Invalid("{fault}。", code="entry", faults=[fault], values={"fault": fault})
