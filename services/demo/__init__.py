"""The demo: the 2021 programme played on invented people, firms, scans and bank statements.

programme.py, cohort.py, refusals.py, scans.py, story.py, marks.py, course.py, staff.py, teaching.py and payments.py make
the input from a seed; they know no service and no clock. The player sends it through the front doors.
"""
