"""Billing's lists: fee accounts, bank entries, invoices. Used by pages/__init__.py."""

from services.billing.actions import confirm_proposals, resubmit_invoice
from services.billing.models import BankEntry, Invoice
from services.billing.pages import labels
from services.billing.states import EntryState, InvoiceState
from shared.dashboard import Badged, Flag, ListAction, ListView, Masked, Moment, Money, Text


class AccountList(ListView):
    """Every fee account."""

    fields = (
        Text("application_no", "报名编号"),
        Text("student_name", "学员"),
        Text("firm_name", "企业"),
        Text("reference", "缴费识别码"),
        Money("expected_fen", "自筹应缴（元）"),
        Badged("state", "状态", labels=labels.ACCOUNTS),
        Moment("pay_by", "缴费期限"),
        Moment("paid_at", "缴清时间"),
        Moment("overdue_at", "逾期认定"),
    )
    fields_default_sort = (("application_no", False),)
    detail_path = "/billing/accounts/{key}"
    intro = "缴清时间为银行入账时间"


class EntryList(ListView):
    """Every imported bank entry."""

    fields = (
        Moment("booked_at", "入账时间"),
        Badged("direction", "收支", labels=labels.DIRECTIONS),
        Money("amount_fen", "金额（元）"),
        Text("counterparty_name", "对方户名"),
        Masked("counterparty_account", "对方账号"),
        Text("remark", "附言"),
        Badged("state", "处理", labels=labels.ENTRIES),
        Badged("outcome", "匹配结果", labels=labels.OUTCOMES),
        Badged("decision", "入账为", labels=labels.DECISIONS),
        Text("reason", "理由"),
    )
    fields_default_sort = (("booked_at", True),)
    detail_path = "/billing/entries/{key}"
    intro = "对账单中的每一笔流水与处理结果"
    list_actions = (
        ListAction(
            "confirm",
            "确认建议",
            lambda uow, key, *, actor, now: confirm_proposals(uow, [key], actor=actor, now=now),
            confirm="按系统建议入账所选流水？",
            roles=("finance",),
            shown=lambda entry: isinstance(entry, BankEntry) and _is_suggested(entry),
        ),
    )


def _is_suggested(entry: BankEntry) -> bool:
    return entry.state == EntryState.OPEN and entry.outcome in ("SUGGEST", "REFUND_OUT")


class InvoiceList(ListView):
    """Every invoice and red letter, from its request on."""

    fields = (
        Text("request_no", "申请单号"),
        Badged("state", "状态", labels=labels.INVOICES),
        Text("wanting", "待补齐"),
        Text("buyer_title", "购买方"),
        Text("buyer_tax_number", "税号"),
        Badged("kind", "票种", labels=labels.INVOICE_KINDS),
        Money("amount_fen", "价税合计（元）"),
        Flag("payer_is_buyer", "付款人即购买方"),
        Text("number", "发票号码"),
        Moment("issued_at", "开具时间"),
        Text("failure", "失败原因"),
    )
    fields_default_sort = (("request_no", True),)
    detail_path = "/billing/invoices/{key}"
    intro = "录取且缴清后自动申请；付款人不是购买方时先收代付说明；款项退回后须红冲"
    list_actions = (
        ListAction(
            "resubmit",
            "重新提交",
            resubmit_invoice,
            confirm="以同一申请单重新提交开票？",
            roles=("finance",),
            shown=lambda row: isinstance(row, Invoice) and row.state in (InvoiceState.FAILED, InvoiceState.REQUESTED),
        ),
    )
