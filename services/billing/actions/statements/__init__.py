"""Actions on bank statements: import, preview, and the fees that they prove overdue."""
