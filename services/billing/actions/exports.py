"""Exports of data in clear: the approved refunds with full account numbers, the bank's own files, and documents as
sent.

Each is audited with who took it and why. Called by pages.
"""

from datetime import datetime
from uuid import UUID

from services.billing import queries
from services.billing.models import Document, FeeAccount, Refund
from services.billing.refund_list import RefundLine, refund_workbook
from services.billing.states import RefundState
from shared.adapters.files import FileStore
from shared.adapters.keyring import KeyRing
from shared.events import FileClaim, Sealed
from shared.foundation.clock import local
from shared.foundation.errors import Conflict, FieldError, Invalid, NotFound
from shared.persistence.unit_of_work import UnitOfWork


def export_approved_refunds(uow: UnitOfWork, *, reason: str, actor: str, now: datetime, keys: KeyRing) -> bytes:
    """Return the approved refunds that no statement shows yet, as an XLSX for the bank. A repeat returns the same
    refunds: they count as sent only once their debit is imported. Raises Conflict if there are none, Invalid without a
    reason."""
    checked_reason = _checked_reason(reason)
    approved = queries.refunds(uow.session, state=RefundState.APPROVED)
    if not approved:
        raise Conflict("没有已批准、待退出的退款单。", code="nothing-approved")
    lines = [_line(uow, refund, keys=keys) for refund in approved]
    details = {"refunds": [refund.number for refund in approved], "reason": checked_reason}
    uow.record("export_approved_refunds", "refund", actor=actor, now=now, details=details)
    return refund_workbook(lines)


def _line(uow: UnitOfWork, refund: Refund, *, keys: KeyRing) -> RefundLine:
    account = uow.session.get(FeeAccount, refund.application_id) if refund.application_id else None
    received = sorted({local(entry.booked_at).date() for _, entry in queries.sources(uow.session, refund.id)})
    number = keys.open("bank", Sealed.model_validate(refund.payee_account)) if refund.payee_account else ""
    return RefundLine(
        number=refund.number,
        payee=refund.payee_name,
        account=number if refund.account_reliable else f"须向银行核实（文件中为 {number or '空'}）",
        amount_fen=refund.amount_fen,
        remark=f"退费{account.reference}" if account else "退款",
        received_on="、".join(f"{day:%Y-%m-%d}" for day in received),
        application_no=account.application_no if account else "",
        student=account.student_name if account else "",
        approved_by=refund.approved_by,
    )


def read_statement_file(
    uow: UnitOfWork, statement_id: UUID, *, reason: str, actor: str, now: datetime, files: FileStore
) -> tuple[bytes, str]:
    """Return the bank's original file and its name."""
    row = queries.statement_of(uow.session, statement_id)
    details = {"reason": _checked_reason(reason)}
    uow.record("read_statement_file", str(row.id), actor=actor, now=now, details=details)
    return files.get(FileClaim.model_validate(row.claim), purpose="bank"), row.filename


def open_document(uow: UnitOfWork, document_id: UUID, *, reason: str, actor: str, now: datetime) -> Document:
    """Record that a person opens a document as it was sent, and why: an invoice request contains the buyer's full
    account number and e-mail address. Commit before reading the file, so that the access is on record even if reading
    fails. Raises NotFound if the document is not written yet."""
    checked_reason = _checked_reason(reason)
    row = uow.session.get(Document, document_id)
    if row is None or row.claim is None:
        raise NotFound("这份文件还没有生成。", code="no-document")
    details = {"document": row.number or "", "reason": checked_reason}
    uow.record("look_at_document", str(row.application_id), actor=actor, now=now, details=details)
    return row


def _checked_reason(reason: str) -> str:
    if len(reason.strip()) < 4:
        error = FieldError("/reason", "reason", "请写明查看或导出的事由（至少四个字）。")
        raise Invalid("请写明查看或导出的事由（至少四个字）。", code="reason", field_errors=[error])
    return reason.strip()
