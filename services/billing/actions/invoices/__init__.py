"""Actions on invoices: request, record the outcome, cancel by a red-letter invoice."""
