"""Pure rules of billing: reading statements, matching money to fees, invoices. No session, clock or network."""
