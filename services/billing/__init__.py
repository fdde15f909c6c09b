"""Billing: the self-paid fee of each application, the bank statements that pay it, refunds, receipts and invoices.

Consumes events about programmes and applications from intake. From review it consumes admissions, the waiting list,
rejections and refund orders. Publishes FeePaid, FeePaymentReversed, FeeOverdue, RefundSent, RefundClosed,
InvoiceRequested and InvoiceIssued. It decides about money and never about seats.
"""
