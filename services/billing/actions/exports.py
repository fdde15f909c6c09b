"""What leaves billing in clear: the list of approved refunds with full account numbers, the bank's own files, and documents
as they were sent. Each is audited with who took it and why. Called by pages."""

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
    """The approved refunds that no statement shows yet, as an XLSX for the bank. A repeat gives the same refunds again: they
    count as sent only when their debit is imported."""
    stated = _stated(reason)
    approved = queries.refunds(uow.session, state=RefundState.APPROVED)
    if not approved:
        raise Conflict("没有已批准、待退出的退款单。", code="nothing-approved")
    lines = [_line(uow, refund, keys=keys) for refund in approved]
    details = {"refunds": [refund.number for refund in approved], "reason": stated}
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
    """A statement as the bank made it, and its name."""
    row = queries.statement_of(uow.session, statement_id)
    details = {"reason": _stated(reason)}
    uow.record("read_statement_file", str(row.id), actor=actor, now=now, details=details)
    return files.get(FileClaim.model_validate(row.claim), purpose="bank"), row.filename


def look_at_document(uow: UnitOfWork, document_id: UUID, *, reason: str, actor: str, now: datetime) -> Document:
    """Records that somebody opens a document as it was sent, and why: a request for an invoice holds the buyer's whole
    account number and e-mail address. Commit before opening, so that the look is on record even if it fails."""
    stated = _stated(reason)
    row = uow.session.get(Document, document_id)
    if row is None or row.claim is None:
        raise NotFound("这份文件还没有生成。", code="no-document")
    details = {"document": row.number or "", "reason": stated}
    uow.record("look_at_document", str(row.application_id), actor=actor, now=now, details=details)
    return row


def _stated(reason: str) -> str:
    if len(reason.strip()) < 4:
        fault = FieldError("/reason", "reason", "请写明查看或导出的事由（至少四个字）。")
        raise Invalid("请写明查看或导出的事由（至少四个字）。", code="reason", faults=[fault])
    return reason.strip()
