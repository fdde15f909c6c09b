"""The dashboard framework of all services: layout, lists, responses, badges. Usage: docs/dashboards.md."""

from shared.dashboard.actions import Entry, ListAction
from shared.dashboard.columns import Badge, Badged, Day, Flag, Masked, Moment, Money, Number, Text, Titled
from shared.dashboard.frame import Dashboard
from shared.dashboard.lists import ListView
from shared.dashboard.notices import notify
from shared.dashboard.replies import Download, done, file_reply, page, refusal_page
from shared.foundation.language import t

__all__ = [
    "Badge",
    "Badged",
    "Dashboard",
    "Day",
    "Download",
    "Entry",
    "Flag",
    "ListAction",
    "ListView",
    "Masked",
    "Moment",
    "Money",
    "Number",
    "Text",
    "Titled",
    "done",
    "file_reply",
    "notify",
    "page",
    "refusal_page",
    "t",
]
