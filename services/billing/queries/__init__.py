"""Questions about billing's state that change nothing. Called by actions, tasks, pages.py and api.py."""

from services.billing.queries.figures import figures

__all__ = ["figures"]
