"""Rules of invoices: the buyer, and VAT."""
