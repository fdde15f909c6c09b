"""Logs, metrics and traces of a process. They say nothing about people."""
