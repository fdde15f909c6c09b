"""Slow jobs and timers as rows, executed by Celery or in the process."""
