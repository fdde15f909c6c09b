"""Slow jobs of billing: the rest of a large import, receipts, invoice requests, invoices. Thin; a repeat of a job replaces
its message and says nothing twice. Called by worker.py."""

from services.billing.tasks.invoices import InvoicingTerms, query_invoice, submit_invoice, write_invoice_request
from services.billing.tasks.receipts import write_receipt
from services.billing.tasks.statements import match_entries

__all__ = [
    "InvoicingTerms",
    "match_entries",
    "query_invoice",
    "submit_invoice",
    "write_invoice_request",
    "write_receipt",
]
