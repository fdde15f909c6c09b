"""Validate applications (notice, clauses 1 and 5). Called by services/intake/actions."""

import json
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation

from services.intake.rules.identifiers import check_credit_code, check_identity, mobile_e164
from services.intake.schemas import ApplicationIn, DraftIn
from shared.events.intake import Programme
from shared.foundation.clock import EARLIEST_DAY, SHANGHAI, local
from shared.foundation.errors import Conflict, FieldError, Message

# Clocks of other systems may be fast by this much.
CLOCK_TOLERANCE = timedelta(minutes=5)
REQUIRED_CONSENTS = {
    "notice": Message("处理规则告知"),
    "sensitive": Message("敏感个人信息单独同意"),
    "recipients": Message("向接收方提供的单独同意"),
}


def canonical(body: ApplicationIn | DraftIn) -> str:
    """Return a request's parsed content as one text, which contains personal data.

    Requests with one idempotency key are the same if their texts are equal; order and whitespace of the JSON do not matter.
    """
    if isinstance(body, DraftIn):
        return f"draft {json.dumps(body.root, sort_keys=True)}"
    return body.model_dump_json()


def check_window(programme: Programme, now: datetime) -> None:
    """Raise Conflict outside the half-open application window (notice, clause 5.1)."""
    if now < programme.opens_at:
        raise Conflict(
            "报名尚未开始,{opens_at:%Y年%m月%d日%H:%M} 起受理。",
            code="not-open",
            values={"opens_at": local(programme.opens_at)},
        )
    if now >= programme.closes_at:
        raise Conflict(
            "报名已于 {closes_at:%Y年%m月%d日%H:%M} 截止,不再受理。",
            code="closed",
            values={"closes_at": local(programme.closes_at)},
        )


def check_recommendation(
    body: ApplicationIn, programme: Programme, *, unit_code: str, recommendation: str, now: datetime
) -> None:
    """Raise Conflict if a correction after the window adds a recommendation or moves it to another unit.

    Units must recommend firms within the window (notice, clause 6.2). `unit_code` and `recommendation` are the values
    before the correction. A correction may withdraw a recommendation at any time.
    """
    is_new = body.recommendation == "recommended" and (recommendation, unit_code) != ("recommended", body.unit_code)
    if is_new and now >= programme.closes_at:
        raise Conflict(
            "报名已于 {closes_at:%Y年%m月%d日%H:%M} 截止,补正不能新增推荐,也不能更换推荐单位。",
            code="recommendation-late",
            values={"closes_at": local(programme.closes_at)},
        )


def check_application(body: ApplicationIn, programme: Programme, *, now: datetime) -> list[FieldError]:
    """Return all errors of a body, each with a JSON pointer and an instruction; empty if the body is valid."""
    student, firm = body.student, body.firm
    errors = check_identity(
        student.identity_type,
        student.identity_number,
        born_on=student.born_on,
        gender=student.gender,
        today=local(now).date(),
    )
    errors += check_credit_code(firm.credit_code)
    if mobile_e164(student.mobile) is None:
        errors.append(FieldError("/student/mobile", "mobile", "手机号码不是有效的中国内地手机号,请核对。"))
    if body.invoice:
        errors += check_credit_code(body.invoice.tax_number, field="/invoice/tax_number")
    if body.unit_code not in {unit.code for unit in programme.units}:
        errors.append(FieldError("/unit_code", "unit", "申报单位代码不在本期名单内,请按通知所列 41 个单位填写。"))
    errors += [*_check_dates(body, local(now).date()), *_check_consents(body, now)]
    return errors + _check_scans(body, programme) + _check_amounts(body)


def _check_dates(body: ApplicationIn, today: date) -> Iterator[FieldError]:
    founded_on, tier_year = body.firm.founded_on, body.firm.tier_year
    if not EARLIEST_DAY <= founded_on <= today:
        values = {"earliest": EARLIEST_DAY.isoformat(), "today": today.isoformat()}
        message = "企业成立日期须在 {earliest} 至今天({today})之间,请核对营业执照。"
        yield FieldError("/firm/founded_on", "founded-on", message, values)
    if tier_year is not None and tier_year > today.year:
        yield FieldError("/firm/tier_year", "tier-year", "认定年份不能晚于今年,请核对认定文件。")


def _check_consents(body: ApplicationIn, now: datetime) -> list[FieldError]:
    kinds = {consent.kind for consent in body.consents}
    timed = [(f"/consents/{index}/accepted_at", consent) for index, consent in enumerate(body.consents)]
    late = [field for field, consent in timed if consent.accepted_at > now + CLOCK_TOLERANCE]
    early = [field for field, consent in timed if consent.accepted_at < _earliest_consent(consent.text_version)]
    return [
        *[FieldError(field, "consent-future", "同意时间晚于现在,请核对平台的时钟与时区。") for field in late],
        *[FieldError(field, "consent-early", "同意时间早于该版文本的日期,请核对文本版本与时间。") for field in early],
    ] + [
        FieldError(
            "/consents",
            f"consent-{kind}",
            "缺少“{title}”记录(文本版本、时间、同意人),请先取得同意再报送。",
            {"title": title},
        )
        for kind, title in REQUIRED_CONSENTS.items()
        if kind not in kinds
    ]


def _earliest_consent(text_version: str) -> datetime:
    """Return the first moment at which a text existed: its version begins with the day of its publication (2021-11-22).
    Without a day it is EARLIEST_DAY, so that every accepted time can be stored."""
    try:
        published_on = max(date.fromisoformat(text_version[:10]), EARLIEST_DAY)
    except ValueError:
        published_on = EARLIEST_DAY
    return datetime.combine(published_on, time(), SHANGHAI)


def _check_scans(body: ApplicationIn, programme: Programme) -> list[FieldError]:
    errors = []
    kinds = [scan.kind for scan in body.scans]
    for required in programme.required_scans:
        if kinds.count(required.kind) != 1:
            values = {"scan": required.title}
            errors.append(FieldError("/scans", f"scan-{required.kind}", "“{scan}”扫描件应恰好一份,请补传。", values))
    for index, scan in enumerate(body.scans):
        if scan.kind not in {required.kind for required in programme.required_scans}:
            errors.append(FieldError(f"/scans/{index}/kind", "scan-kind", "没有这种材料,请删去。"))
        elif not scan.stamped:
            errors.append(FieldError(f"/scans/{index}/stamped", "scan-unstamped", "扫描件须加盖公司公章。"))
    return errors


def _check_amounts(body: ApplicationIn) -> list[FieldError]:
    errors = []
    for name in ("revenue", "research"):
        for index, amount in enumerate(getattr(body.firm, name)):
            try:
                value = Decimal(amount.replace(",", ""))
                invalid = not value.is_finite() or value < 0 or value != round(value, 2)
            except InvalidOperation:
                invalid = True
            if invalid:
                message = "金额应为非负数,最多两位小数,单位为元。"
                errors.append(FieldError(f"/firm/{name}/{index}", "amount", message))
    return errors


def check_participation(body: ApplicationIn, *, known: bool) -> None:
    """Raise Conflict for a past participant. The rule bars the person, not the firm (notice, clause 1)."""
    if body.past_participant or known:
        raise Conflict("该学员已参加过领军人才培训,按通知第一条不得报名本期培训。", code="past-participant")
