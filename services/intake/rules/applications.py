"""What an application must be to be accepted (notice, clauses 1 and 5). Called by services/intake/actions."""

import hashlib
from datetime import datetime
from decimal import Decimal, InvalidOperation

from services.intake.rules.identifiers import check_credit_code, check_identity, is_email, mobile_e164, normalised
from services.intake.schemas import ApplicationIn
from shared.events.intake import Programme
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Message

REQUIRED_CONSENTS = {
    "notice": Message("处理规则告知"),
    "sensitive": Message("敏感个人信息单独同意"),
    "recipients": Message("向接收方提供的单独同意"),
}


def fingerprint(body: ApplicationIn, *, draft: bool) -> str:
    """SHA-256, hex, of a request's meaning: two requests under one idempotency key are the same if these are equal,
    whatever the order or blanks of their JSON."""
    return hashlib.sha256(f"{draft}{body.model_dump_json()}".encode()).hexdigest()


def check_window(programme: Programme, now: datetime) -> None:
    """Raises Conflict outside the half-open window (notice, clause 5.1)."""
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
    """Raises Conflict where a correction after the window would make a unit recommend a firm that it had not recommended in
    time (notice, clause 6.2), by what was filed before. What it no longer recommends may still be put right."""
    is_new = body.recommendation == "recommended" and (recommendation, unit_code) != ("recommended", body.unit_code)
    if is_new and now >= programme.closes_at:
        raise Conflict(
            "报名已于 {closes_at:%Y年%m月%d日%H:%M} 截止,补正不能新增推荐,也不能更换推荐单位。",
            code="recommendation-late",
            values={"closes_at": local(programme.closes_at)},
        )


def check_application(body: ApplicationIn, programme: Programme, *, now: datetime) -> list[FieldError]:
    """Every fault of the body at once, each with a JSON pointer and what to do; empty when it may be accepted."""
    student, firm = body.student, body.firm
    faults = check_identity(
        student.identity_type,
        normalised(student.identity_number),
        born_on=student.born_on,
        gender=student.gender,
        today=local(now).date(),
    )
    faults += check_credit_code(normalised(firm.credit_code))
    if mobile_e164(student.mobile) is None:
        faults.append(FieldError("/student/mobile", "mobile", "手机号码不是有效的中国内地手机号,请核对。"))
    if not is_email(student.email):
        faults.append(FieldError("/student/email", "email", "电子邮箱格式不正确。"))
    if body.invoice:
        faults += check_credit_code(normalised(body.invoice.tax_number), field="/invoice/tax_number")
    if body.unit_code not in {unit.code for unit in programme.units}:
        faults.append(FieldError("/unit_code", "unit", "申报单位代码不在本期名单内,请按通知所列 41 个单位填写。"))
    return faults + _check_consents(body) + _check_scans(body, programme) + _check_amounts(body)


def _check_consents(body: ApplicationIn) -> list[FieldError]:
    given = {consent.kind for consent in body.consents}
    return [
        FieldError(
            "/consents",
            f"consent-{kind}",
            "缺少“{title}”记录(文本版本、时间、同意人),请先取得同意再报送。",
            {"title": title},
        )
        for kind, title in REQUIRED_CONSENTS.items()
        if kind not in given
    ]


def _check_scans(body: ApplicationIn, programme: Programme) -> list[FieldError]:
    faults = []
    kinds = [scan.kind for scan in body.scans]
    for required in programme.required_scans:
        if kinds.count(required.kind) != 1:
            values = {"scan": required.title}
            faults.append(FieldError("/scans", f"scan-{required.kind}", "“{scan}”扫描件应恰好一份,请补传。", values))
    for place, scan in enumerate(body.scans):
        if scan.kind not in {required.kind for required in programme.required_scans}:
            faults.append(FieldError(f"/scans/{place}/kind", "scan-kind", "没有这种材料,请删去。"))
        elif not scan.stamped:
            faults.append(FieldError(f"/scans/{place}/stamped", "scan-unstamped", "扫描件须加盖公司公章。"))
    return faults


def _check_amounts(body: ApplicationIn) -> list[FieldError]:
    faults = []
    for name in ("revenue", "research"):
        for place, amount in enumerate(getattr(body.firm, name)):
            try:
                figure = Decimal(amount.replace(",", ""))
                wrong = not figure.is_finite() or figure < 0 or figure != round(figure, 2)
            except InvalidOperation:
                wrong = True
            if wrong:
                message = "金额应为非负数,最多两位小数,单位为元。"
                faults.append(FieldError(f"/firm/{name}/{place}", "amount", message))
    return faults


def check_participation(body: ApplicationIn, *, known: bool) -> None:
    """Raises Conflict for a person who attended before; it bars the person, not the firm (notice, clause 1)."""
    if body.past_participant or known:
        raise Conflict("该学员已参加过领军人才培训,按通知第一条不得报名本期培训。", code="past-participant")
