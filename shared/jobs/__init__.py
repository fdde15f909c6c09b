"""Slow jobs and timers, stored as rows, executed by Celery or in the bus process."""
