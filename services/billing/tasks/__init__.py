"""Slow jobs of billing: the rest of a large import, receipts, invoice requests, invoices. Called by worker.py. A
repeated job replaces its mail and publishes nothing twice.
"""

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
