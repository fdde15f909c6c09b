"""Real servers for tests: RabbitMQ, PostgreSQL, Redis and Chromium, found or installed, started once for a test run.

Called by tests/conftest.py and, as `python -m tests.servers install`, by `make test`.
"""
