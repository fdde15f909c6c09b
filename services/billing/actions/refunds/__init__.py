"""Actions on refunds: order, approve, close."""
