"""Questions about scheduling's state that change nothing. Called by api.py, pages, tasks.py and the actions."""

from services.scheduling.queries.figures import figures

__all__ = ["figures"]
