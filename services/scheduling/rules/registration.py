"""Requirements for registration (notice, clause 5.3), and its first day. Called by the registration actions."""

from dataclasses import dataclass
from datetime import datetime

from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Invalid, Joined, Message


@dataclass(frozen=True)
class Brought:
    """Items that the registrar saw at the desk."""

    original_form: bool
    two_photos: bool
    identity_seen: bool


def check_report_day(report_at: datetime, *, now: datetime) -> None:
    """Raise Conflict before the day (in China) on which the programme's students report."""
    if local(now).date() < local(report_at).date():
        raise Conflict(
            "报到从 {report_at:%Y年%m月%d日} 开始，现在还不能登记。",
            code="before-report-day",
            values={"report_at": local(report_at)},
        )


def check_registration(brought: Brought, *, paid: bool, waived: bool) -> None:
    """Raise Invalid that names each missing item; a confirmed waiver replaces the payment."""
    wanted = (
        ("original_form", brought.original_form, Message("申请表原件")),
        ("two_photos", brought.two_photos, Message("一寸证件照两张")),
        ("identity_seen", brought.identity_seen, Message("核对身份证件原件")),
        ("paid", paid or waived, Message("自筹费用到账（或经第二人确认的缓缴记录）")),
    )
    field_errors = [
        FieldError(field, "missing", "缺少：{title}", {"title": title}) for field, here, title in wanted if not here
    ]
    if field_errors:
        missing = Joined([title for _, here, title in wanted if not here], "、")
        raise Invalid(
            "报到材料不齐，缺少：{missing}。补齐后再登记。",
            code="registration-incomplete",
            field_errors=field_errors,
            values={"missing": missing},
        )
