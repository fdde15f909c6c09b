"""Actions that match bank entries to fees, and book what is certain or decided."""
