"""The buyer of an invoice, within the limits of the tax bureau's workbook. Called by billing's invoice actions."""

import re
from dataclasses import dataclass
from enum import StrEnum

from shared.foundation.errors import FieldError, Invalid, Joined, Message


class InvoiceKind(StrEnum):
    """Kinds of digital invoices with the bureau's codes."""

    SPECIAL = "31"
    NORMAL = "32"


@dataclass(frozen=True)
class Buyer:
    """The buyer as the invoice prints it. Fields that are not needed are empty."""

    title: str
    tax_number: str
    kind: InvoiceKind
    email: str = ""
    address: str = ""
    phone: str = ""
    bank: str = ""
    account_number: str = ""
    remark: str = ""


_LIMITS = {
    "title": (Message("购买方名称"), 100),
    "tax_number": (Message("纳税人识别号"), 20),
    "email": (Message("购买方邮箱"), 72),
    "address": (Message("购买方地址"), 200),
    "phone": (Message("购买方电话"), 20),
    "bank": (Message("开户行"), 100),
    "account_number": (Message("银行账号"), 34),
    "remark": (Message("备注"), 230),
}
_TAX_NUMBER = re.compile(r"[0-9A-Z]{18,20}")
"""The old numbers of 15 digits are no longer valid; the unified credit code has 18."""
_SPECIAL_NEEDS = ("address", "phone", "bank", "account_number")


def check_buyer(buyer: Buyer, *, special_needs_contact: bool = True) -> None:
    """Raise Invalid with one field error for each field that the bureau's workbook would refuse.

    A special invoice needs the tax number and, unless the office's settings waive it, address, phone, bank and account.
    Limits are those of the batch-issue workbook, counted in characters.
    """
    field_errors = [
        FieldError(
            name,
            "too_long",
            "{title}最多 {limit} 个字符，现为 {count} 个。",
            {"title": label, "limit": limit, "count": len(getattr(buyer, name))},
        )
        for name, (label, limit) in _LIMITS.items()
        if len(getattr(buyer, name)) > limit
    ]
    required = ["title"]
    if buyer.kind is InvoiceKind.SPECIAL:
        required += ["tax_number", *(_SPECIAL_NEEDS if special_needs_contact else ())]
    field_errors += [
        FieldError(name, "required", "请填写{title}。", {"title": _LIMITS[name][0]})
        for name in required
        if not getattr(buyer, name).strip()
    ]
    if buyer.tax_number and not _TAX_NUMBER.fullmatch(buyer.tax_number):
        field_errors.append(
            FieldError("tax_number", "format", "纳税人识别号应为 18 至 20 位大写字母和数字，请按营业执照填写。")
        )
    if field_errors:
        raise Invalid(
            "开票信息有误：{faults}",
            code="invoice.buyer",
            field_errors=field_errors,
            values={"faults": Joined(field_errors)},
        )
