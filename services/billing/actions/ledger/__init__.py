"""Actions on fee accounts and the double-entry ledger."""
