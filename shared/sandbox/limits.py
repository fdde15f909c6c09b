"""Limits of foreign files that both sides of the sandbox name: the readers refuse, and the services have the words."""

MOST_SCAN_PAGES = 20
MOST_ROWS = 50_000
"""Rows of one sheet of a workbook."""
MOST_CELLS = 25 * MOST_ROWS
"""Cells of one sheet, and MOST_ELEMENTS of an XML file: the caller holds them all in memory."""
MOST_ELEMENTS = 400_000
