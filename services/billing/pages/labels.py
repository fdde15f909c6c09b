"""Labels and titles of billing's pages, and their roles."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends

from services.billing.rules.statements.layouts import LAYOUTS
from services.billing.states import (
    ACCOUNT_TITLES,
    DECISION_TITLES,
    DOCUMENT_TITLES,
    ENTRY_TITLES,
    FLAG_TITLES,
    INVOICE_TITLES,
    LEDGER_TITLES,
    OUTCOME_TITLES,
    RED_REASON_TITLES,
    REFUND_TITLES,
    STATEMENT_TITLES,
    DocumentKind,
    TransactionKind,
)
from shared.dashboard import Badge
from shared.http.auth import CurrentUser, staff

Reader = Annotated[CurrentUser, Depends(staff("finance", "finance_checker"))]
Finance = Annotated[CurrentUser, Depends(staff("finance"))]
Checker = Annotated[CurrentUser, Depends(staff("finance_checker"))]
Either = Annotated[CurrentUser, Depends(staff("finance", "finance_checker"))]
# `staff` admits auditors to every GET; an access that is recorded is a POST.
AuditedReader = Annotated[CurrentUser, Depends(staff("finance", "finance_checker", "auditor"))]

_TONES = {
    "open": "yellow",
    "waiting": "purple",
    "due": "blue",
    "ended": "secondary",
    "read": "yellow",
    "importing": "azure",
    "imported": "green",
    "booked": "green",
    "proposed": "yellow",
    "approved": "blue",
    "sent": "green",
    "requested": "yellow",
    "submitted": "azure",
    "issued": "green",
    "failed": "red",
    "AUTO": "green",
    "SUGGEST": "azure",
    "AMBIGUOUS": "yellow",
    "CONFLICT": "red",
    "NO_MATCH": "orange",
    "REVERSAL": "pink",
    "REFUND_OUT": "purple",
    "REFUND_BOUNCED": "red",
    "allocated": "green",
    "reversal": "pink",
    "refund": "purple",
    "bounce": "red",
    "LATE": "red",
    "SUBSIDY": "purple",
    "REFUND_DUE": "orange",
    "PARTIAL": "yellow",
    "PAYER_NOT_BUYER": "azure",
    "PAYEE_NOT_PAYER": "red",
}


def _badge_by_code(titles: Mapping[Any, str]) -> dict[str, Badge]:
    return {str(code): Badge(title, _TONES.get(code, "secondary")) for code, title in titles.items()}


ACCOUNTS = _badge_by_code(ACCOUNT_TITLES) | {"open": Badge("未到期", "secondary")}
STATEMENTS = _badge_by_code(STATEMENT_TITLES)
ENTRIES = _badge_by_code(ENTRY_TITLES) | {"waiting": Badge("待匹配", "secondary")}
OUTCOMES = _badge_by_code(OUTCOME_TITLES)
DECISIONS = _badge_by_code(DECISION_TITLES)
FLAGS = _badge_by_code(FLAG_TITLES)
REFUNDS = _badge_by_code(REFUND_TITLES)
INVOICES = _badge_by_code(INVOICE_TITLES)
DIRECTIONS = {"CREDIT": Badge("收入", "green"), "DEBIT": Badge("支出", "orange")}
DOCUMENTS = {str(code): title for code, title in DOCUMENT_TITLES.items()}
JOBS = {
    "write_receipt": DOCUMENT_TITLES[DocumentKind.RECEIPT],
    "write_invoice_request": DOCUMENT_TITLES[DocumentKind.INVOICE_REQUEST],
    "submit_invoice": "开票申请",
    "query_invoice": DOCUMENT_TITLES[DocumentKind.INVOICE],
}
LEDGER = {str(code): title for code, title in LEDGER_TITLES.items()}
RED_REASONS = {str(code): title for code, title in RED_REASON_TITLES.items()}
INVOICE_KINDS = {"normal": Badge("普通发票"), "special": Badge("专用发票", "azure")}
TRANSACTIONS = {
    str(TransactionKind.ARRIVAL): "到账",
    str(TransactionKind.DECISION): "入账",
    str(TransactionKind.UNDO): "撤销",
    str(TransactionKind.REFUND_APPROVED): "批准退款",
    str(TransactionKind.REFUND_WITHDRAWN): "退款作废",
    str(TransactionKind.SUBSIDY): "补贴备查",
}
ENDED = {
    "withdrawn": "已撤回报名",
    "rejected": "初审不通过",
    "not_selected": "未入选",
    "lapsed": "逾期未缴，名额释放",
    "declined": "放弃名额",
    "dropped_out": "退学",
}
BANKS = {layout.code: layout.bank for layout in LAYOUTS}
ACTS = {
    "open_fee_account": "建立缴费账户",
    "make_fee_due": "录取，费用到期",
    "hold_for_waiting_list": "候补，款项保留",
    "end_fee_account": "账户终止",
    "order_refund": "通知退费",
    "say_overdue": "逾期未缴",
    "send_receipt": "发送收款确认",
    "hold_document": "文件待处理：字体缺字",
    "continue_document": "继续发送文件",
    "send_invoice_request": "发送开票申请单",
    "send_invoice": "发送发票",
    "upload_statement": "上传对账单",
    "begin_import": "开始导入",
    "import_statement": "导入完成",
    "discard_statement": "放弃导入",
    "read_statement_file": "下载原始文件",
    "look_at_document": "查看文件",
    "confirm_proposal": "确认建议",
    "assign_entry": "人工分配",
    "put_to_unapplied": "暂挂",
    "ignore_entry": "不予处理",
    "settle_refunds_by_hand": "人工认定退费",
    "pair_with_original": "人工对应原流水",
    "undo_decision": "撤销处理",
    "propose_refund": "提出退款",
    "approve_refund": "批准退款",
    "decline_refund": "不予退款",
    "note_invoice_failed": "开具失败",
    "resubmit_invoice": "重新提交开票",
    "open_invoice": "应开票",
    "keep_payer_statement": "收到代付说明",
    "correct_buyer": "更正购买方",
    "submit_invoice": "提交开票",
    "note_invoice_issued": "已开具",
    "send_red_letter": "发送红字发票",
    "propose_red_letter": "须红冲",
    "withdraw_red_letter": "款项已补足，不再红冲",
    "confirm_red_letter": "确认红冲",
    "drop_red_letter": "不红冲",
}
