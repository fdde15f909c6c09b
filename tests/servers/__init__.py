"""Real servers for tests: find or install RabbitMQ, PostgreSQL, Redis and Chromium, and start each once per test run.

Called by tests/conftest.py and, as `python -m tests.servers install`, by `make test`.
"""
