"""Intake's pure rules: validate identifiers, scans, applications and programmes. Called by actions and api."""
