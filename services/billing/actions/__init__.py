"""Actions: functions that change billing's state. Called by pages, handlers, tasks and the timer; each is audited."""

from services.billing.actions.exports import export_approved_refunds, open_document, read_statement_file
from services.billing.actions.invoices.outcomes import (
    ROUNDS,
    continue_document,
    enqueue_invoice_queries,
    hold_document,
    note_document_sent,
    note_invoice_failed,
    note_invoice_issued,
    note_invoice_requested,
    note_invoice_submitted,
)
from services.billing.actions.invoices.red_letters import confirm_red_letter, drop_red_letter
from services.billing.actions.invoices.requests import (
    check_request,
    correct_buyer,
    is_payable,
    keep_payer_statement,
    resubmit_invoice,
)
from services.billing.actions.ledger.accounts import (
    end_account,
    hold_for_waiting_list,
    make_fee_due,
    note_withdrawal,
    open_fee_account,
    order_refund,
)
from services.billing.actions.locking import lock_invoice, lock_invoice_document, lock_receipt
from services.billing.actions.matching.decisions import (
    assign_entry,
    confirm_proposals,
    ignore_entry,
    pair_with_original,
    put_to_unapplied,
    settle_refunds_by_hand,
    undo_decision,
)
from services.billing.actions.matching.entries import match_entries, rematch_open_entries
from services.billing.actions.programmes import keep_programme
from services.billing.actions.refunds.approvals import approve_refunds, decline_refund
from services.billing.actions.refunds.orders import propose_refund_of_entry
from services.billing.actions.statements.imports import (
    discard_statement,
    import_statement,
    preview_statement,
    upload_statement,
)
from services.billing.actions.statements.overdue import publish_overdue_fees

__all__ = [
    "ROUNDS",
    "approve_refunds",
    "assign_entry",
    "check_request",
    "confirm_proposals",
    "confirm_red_letter",
    "continue_document",
    "correct_buyer",
    "decline_refund",
    "discard_statement",
    "drop_red_letter",
    "end_account",
    "enqueue_invoice_queries",
    "export_approved_refunds",
    "hold_document",
    "hold_for_waiting_list",
    "ignore_entry",
    "import_statement",
    "is_payable",
    "keep_payer_statement",
    "keep_programme",
    "lock_invoice",
    "lock_invoice_document",
    "lock_receipt",
    "make_fee_due",
    "match_entries",
    "note_document_sent",
    "note_invoice_failed",
    "note_invoice_issued",
    "note_invoice_requested",
    "note_invoice_submitted",
    "note_withdrawal",
    "open_document",
    "open_fee_account",
    "order_refund",
    "pair_with_original",
    "preview_statement",
    "propose_refund_of_entry",
    "publish_overdue_fees",
    "put_to_unapplied",
    "read_statement_file",
    "rematch_open_entries",
    "resubmit_invoice",
    "settle_refunds_by_hand",
    "undo_decision",
    "upload_statement",
]
