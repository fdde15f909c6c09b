"""Logs, metrics and traces of a process. They contain no personal data."""
