"""Interviews: panels, values, checks, and the search for a schedule."""
