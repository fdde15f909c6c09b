"""Plays the 2021 programme through the front doors: as the public platform, the students and the staff, over HTTP alone.

`play.py` is the whole story, chapter by chapter; each chapter asks the house what is there before it acts, so that a demo
that was killed can go on. Called by `python -m services.demo` and by tests/journeys.
"""
