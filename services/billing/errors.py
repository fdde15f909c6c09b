"""Billing's refusals that several modules raise.

Refusal
├── NotFound   UnknownFeeAccount, UnknownEntry, UnknownStatement, UnknownRefund, UnknownInvoice
└── Conflict   AlreadyImported, EntryDecided
"""

from shared.foundation.errors import Conflict, NotFound


class UnknownFeeAccount(NotFound):
    """The application has no fee account."""

    def __init__(self) -> None:
        super().__init__("没有这份报名的缴费账户，请核对报名编号。", code="unknown-fee-account")


class UnknownEntry(NotFound):
    """No bank entry has this id."""

    def __init__(self) -> None:
        super().__init__("没有这笔银行流水。", code="unknown-entry")


class UnknownStatement(NotFound):
    """No statement has this id."""

    def __init__(self) -> None:
        super().__init__("没有这份对账单。", code="unknown-statement")


class UnknownRefund(NotFound):
    """No refund has this id."""

    def __init__(self) -> None:
        super().__init__("没有这张退款单。", code="unknown-refund")


class UnknownInvoice(NotFound):
    """No invoice request has this id."""

    def __init__(self) -> None:
        super().__init__("没有这张开票申请单。", code="unknown-invoice")


class AlreadyImported(Conflict):
    """The same file, byte for byte, was imported before. Nothing was booked."""

    def __init__(self, when: str) -> None:
        super().__init__(
            "这个文件已于 {when} 导入，内容完全相同，本次没有重复入账。如有新的流水，请从网银导出新的区间。",
            code="already-imported",
            values={"when": when},
        )


class EntryDecided(Conflict):
    """The entry is not open: it was decided, or it is a duplicate."""

    def __init__(self) -> None:
        super().__init__("这笔流水已处理。如需更改，请先撤销原处理。", code="entry-decided")
