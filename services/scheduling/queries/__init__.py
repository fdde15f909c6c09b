"""Read-only queries on scheduling's state. Called by api.py, pages, tasks.py and the actions."""

from services.scheduling.queries.stats import stats

__all__ = ["stats"]
