"""Limits of foreign files that both sides of the sandbox name: the readers refuse, and the services have the words."""

MOST_SCAN_PAGES = 20
MOST_ROWS = 50_000
"""Rows of one sheet of a workbook."""
