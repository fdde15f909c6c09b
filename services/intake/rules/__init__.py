"""Intake's decisions, pure: what an identifier, a scan and an application must be. Called by services/intake/actions.py."""
