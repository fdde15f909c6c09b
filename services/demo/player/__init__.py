"""Plays the 2021 programme over HTTP only, in the roles of the public platform, the students and the staff.

`play.py` runs the story chapter by chapter. Each chapter queries the current state before it acts, so a killed demo can
resume. Called by `lingjun demo` and by tests/journeys.
"""
