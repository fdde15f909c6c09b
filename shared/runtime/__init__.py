"""Starts a service's processes: web, bus and worker."""
