"""Opens foreign files in processes that can neither read a file nor open a connection: scans, workbooks, XML.

Whatever a parser is made to do by such a file, it finds no key, no environment and no network. A server forks a process for
every file (server.py); that process gives up its rights (confinement.py), opens one file (readers/), answers, and ends.
"""

from shared.sandbox.client import Opened, Sandbox, SandboxAway, Unreadable
from shared.sandbox.limits import MOST_ROWS, MOST_SCAN_PAGES

__all__ = ["MOST_ROWS", "MOST_SCAN_PAGES", "Opened", "Sandbox", "SandboxAway", "Unreadable"]
