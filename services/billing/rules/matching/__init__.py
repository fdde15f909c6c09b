"""Rules that match a bank entry to what it pays."""
