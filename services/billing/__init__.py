"""Billing: the self-paid fee of each application, the bank statements that pay it, refunds, receipts and invoices.

Hears programmes and applications from intake, and from review who is admitted, who waits, who is not selected, and what is
to be refunded. Says FeePaid, FeePaymentReversed, FeeOverdue, RefundSent, RefundClosed, InvoiceRequested, InvoiceIssued. It
decides on money and never on seats.
"""
