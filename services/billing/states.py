"""State machines of billing as transition tables (from, to, by whom, trigger), and the accounts of the ledger."""

from enum import StrEnum

from shared.foundation.transitions import Transition


class AccountState(StrEnum):
    """State of an application's self-paid fee: not yet due, held for the waiting list, due, or to be refunded."""

    OPEN = "open"
    WAITING = "waiting"
    DUE = "due"
    ENDED = "ended"


class StatementState(StrEnum):
    """State of a statement file. `IMPORTING` while its entries are matched in batches."""

    READ = "read"
    DISCARDED = "discarded"
    IMPORTING = "importing"
    IMPORTED = "imported"


class EntryState(StrEnum):
    """State of a statement entry: not yet matched, open for a person, booked, or a duplicate from another file."""

    WAITING = "waiting"
    OPEN = "open"
    BOOKED = "booked"
    DUPLICATE = "duplicate"


class Decision(StrEnum):
    """What a booked entry was booked as."""

    ALLOCATED = "allocated"
    IGNORED = "ignored"
    REVERSAL = "reversal"
    PAIRED = "paired"
    REFUND = "refund"
    BOUNCE = "bounce"


class RefundState(StrEnum):
    """State of a refund. It is sent only once a statement shows its debit; a bounced refund returns to approved."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    SENT = "sent"
    DECLINED = "declined"


class InvoiceState(StrEnum):
    """State of an invoice. A request is not an invoice, and a submitted one is not issued. Only a red letter can be
    proposed or dropped."""

    PROPOSED = "proposed"
    DROPPED = "dropped"
    REQUESTED = "requested"
    SUBMITTED = "submitted"
    ISSUED = "issued"
    FAILED = "failed"


class RedReason(StrEnum):
    """Why an invoice is cancelled, by the tax bureau's codes of 红字信息确认单."""

    RETURNED = "01"
    MISTAKEN = "02"
    SERVICE_ENDED = "03"
    ALLOWANCE = "04"


class DocumentKind(StrEnum):
    """Documents that billing sends to an admitted person who has paid, and the red letter that cancels an invoice."""

    RECEIPT = "receipt"
    INVOICE_REQUEST = "invoice_request"
    INVOICE = "invoice"
    RED_LETTER = "red_letter"


class LedgerAccount(StrEnum):
    """The accounts of the double-entry ledger. The last two are memo accounts: they hold no money of the
    institution."""

    BANK = "bank"
    FEE = "fee"
    UNAPPLIED = "unapplied"
    SUSPENSE = "suspense"
    REFUNDS_PAYABLE = "refunds_payable"
    OTHER_INCOME = "other_income"
    BANK_FEES = "bank_fees"
    REVERSED = "reversed"
    SUBSIDY_CLAIM = "subsidy_claim"
    SUBSIDY_MEMO = "subsidy_memo"


class TransactionKind(StrEnum):
    """Why a ledger transaction was posted. The first three are the bank's side: each of them belongs to an entry."""

    ARRIVAL = "arrival"
    DECISION = "decision"
    UNDO = "undo"
    REFUND_APPROVED = "refund_approved"
    REFUND_WITHDRAWN = "refund_withdrawn"
    SUBSIDY = "subsidy"


_A = AccountState
ACCOUNT_STEPS = (
    Transition(None, _A.OPEN, "intake", "ApplicationSubmitted"),
    Transition(_A.OPEN, _A.WAITING, "review", "ApplicantWaitlisted"),
    Transition(_A.OPEN, _A.DUE, "review", "StudentAdmitted"),
    Transition(_A.WAITING, _A.DUE, "review", "StudentAdmitted, promoted"),
    Transition(_A.ENDED, _A.DUE, "review", "StudentAdmitted that crossed a withdrawal, or after a lapse"),
    Transition(_A.OPEN, _A.ENDED, "intake, review", "withdrawn, rejected or not selected"),
    Transition(_A.WAITING, _A.ENDED, "intake, review", "withdrawn, rejected or not selected"),
    Transition(_A.DUE, _A.ENDED, "review", "SeatReleased"),
)

_T = StatementState
STATEMENT_STEPS = (
    Transition(None, _T.READ, "finance", "uploads a file that can be read"),
    Transition(_T.READ, _T.IMPORTING, "finance", "confirms the preview"),
    Transition(_T.IMPORTING, _T.IMPORTED, "billing", "every entry is matched"),
    Transition(_T.READ, _T.DISCARDED, "finance", "discards the preview"),
    Transition(_T.DISCARDED, _T.READ, "finance", "uploads the file again"),
)

_E = EntryState
ENTRY_STEPS = (
    Transition(None, _E.WAITING, "finance", "imports the statement"),
    Transition(_E.WAITING, _E.BOOKED, "billing", "a rule is certain"),
    Transition(_E.WAITING, _E.OPEN, "billing", "a person has to decide"),
    Transition(_E.WAITING, _E.DUPLICATE, "billing", "another file contains it"),
    Transition(_E.OPEN, _E.BOOKED, "finance", "confirms, assigns, ignores"),
    Transition(_E.BOOKED, _E.OPEN, "finance", "undoes the decision"),
)

_R = RefundState
REFUND_STEPS = (
    Transition(None, _R.PROPOSED, "review, finance", "RefundOrdered, or money without a fee to pay"),
    Transition(_R.PROPOSED, _R.APPROVED, "finance_checker", "a second person approves"),
    Transition(_R.PROPOSED, _R.DECLINED, "finance, finance_checker", "a reason is given"),
    Transition(_R.APPROVED, _R.DECLINED, "finance, finance_checker", "a reason is given, before the bank paid"),
    Transition(_R.APPROVED, _R.SENT, "billing", "a statement shows the debit"),
    Transition(_R.SENT, _R.APPROVED, "billing", "the bank returned it, or its booking was undone"),
)

_I = InvoiceState
INVOICE_STEPS = (
    Transition(None, _I.REQUESTED, "billing", "admitted and paid, whichever comes last"),
    Transition(_I.REQUESTED, _I.SUBMITTED, "billing", "the connector accepted the request"),
    Transition(_I.SUBMITTED, _I.ISSUED, "billing", "the connector reports the number"),
    Transition(_I.SUBMITTED, _I.FAILED, "billing", "the connector reports a failure"),
    Transition(_I.FAILED, _I.SUBMITTED, "finance", "submits it again"),
    Transition(_I.FAILED, _I.REQUESTED, "finance", "corrects the buyer"),
    Transition(None, _I.PROPOSED, "billing", "money of an issued invoice was reversed or refunded"),
    Transition(_I.PROPOSED, _I.REQUESTED, "finance", "confirms the red letter"),
    Transition(_I.PROPOSED, _I.DROPPED, "billing, finance", "the money was paid again, or a reason is given"),
)

ACCOUNT_TITLES: dict[StrEnum, str] = {_A.OPEN: "未到期", _A.WAITING: "候补保留", _A.DUE: "应缴", _A.ENDED: "已终止"}
STATEMENT_TITLES: dict[StrEnum, str] = {
    _T.READ: "待确认",
    _T.DISCARDED: "已放弃",
    _T.IMPORTING: "导入中",
    _T.IMPORTED: "已导入",
}
ENTRY_TITLES: dict[StrEnum, str] = {
    _E.WAITING: "待匹配",
    _E.OPEN: "待处理",
    _E.BOOKED: "已入账",
    _E.DUPLICATE: "重复",
}
DECISION_TITLES: dict[StrEnum, str] = {
    Decision.ALLOCATED: "缴费",
    Decision.IGNORED: "不予处理",
    Decision.REVERSAL: "冲正",
    Decision.PAIRED: "对冲",
    Decision.REFUND: "退费",
    Decision.BOUNCE: "退汇",
}
REFUND_TITLES: dict[StrEnum, str] = {
    _R.PROPOSED: "待复核",
    _R.APPROVED: "已批准",
    _R.SENT: "已退出",
    _R.DECLINED: "不退",
}
INVOICE_TITLES: dict[StrEnum, str] = {
    _I.PROPOSED: "待确认红冲",
    _I.DROPPED: "不红冲",
    _I.REQUESTED: "待提交",
    _I.SUBMITTED: "开具中",
    _I.ISSUED: "已开具",
    _I.FAILED: "开具失败",
}
DOCUMENT_TITLES: dict[StrEnum, str] = {
    DocumentKind.RECEIPT: "收款确认",
    DocumentKind.INVOICE_REQUEST: "开票申请单",
    DocumentKind.INVOICE: "发票",
    DocumentKind.RED_LETTER: "红字发票",
}
RED_REASON_TITLES: dict[StrEnum, str] = {
    RedReason.RETURNED: "销货退回",
    RedReason.MISTAKEN: "开票有误",
    RedReason.SERVICE_ENDED: "服务中止",
    RedReason.ALLOWANCE: "销售折让",
}
LEDGER_TITLES: dict[StrEnum, str] = {
    LedgerAccount.BANK: "银行存款",
    LedgerAccount.FEE: "学费应收",
    LedgerAccount.UNAPPLIED: "暂挂款",
    LedgerAccount.SUSPENSE: "未匹配款",
    LedgerAccount.REFUNDS_PAYABLE: "应退款",
    LedgerAccount.OTHER_INCOME: "其他收入",
    LedgerAccount.BANK_FEES: "银行费用及其他支出",
    LedgerAccount.REVERSED: "银行冲正对冲",
    LedgerAccount.SUBSIDY_CLAIM: "补贴申领（备查）",
    LedgerAccount.SUBSIDY_MEMO: "补贴申领对应（备查）",
}
OUTCOME_TITLES: dict[str, str] = {
    "AUTO": "自动匹配",
    "SUGGEST": "建议匹配",
    "AMBIGUOUS": "无法判断",
    "CONFLICT": "相互矛盾",
    "NO_MATCH": "无匹配",
    "IGNORE": "不予处理",
    "DUPLICATE": "重复",
    "REVERSAL": "冲正",
    "REFUND_OUT": "退费支出",
    "REFUND_BOUNCED": "退汇",
}
FLAG_TITLES: dict[str, str] = {
    "PARTIAL": "部分缴费",
    "PAYER_NOT_BUYER": "付款人非购买方",
    "SUBSIDY": "财政款",
    "LATE": "逾期到账",
    "REFUND_DUE": "应退款",
    "PAYEE_NOT_PAYER": "收款人非原付款人",
}
