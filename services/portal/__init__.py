"""The staff portal: login, home page, an applicant's timeline across all services, dead letters.

Consumes every event for the timeline. Publishes StaffAccessChanged when an account's roles or password change.
"""
