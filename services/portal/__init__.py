"""The front door: sign-in for the staff, the home page, one applicant's timeline across all services, the dead letters.

Hears every event, for the timeline. Says StaffAccessChanged, whenever an account's roles or password change.
"""
