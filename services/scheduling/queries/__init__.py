"""Questions about scheduling's state that change nothing. Called by api.py, pages, tasks.py and the actions."""

from services.scheduling.queries.stats import stats

__all__ = ["stats"]
