"""Tests of the pure rules: no database, no server, no web app. Run by `make quick`."""
