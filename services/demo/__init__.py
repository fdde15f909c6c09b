"""The demo: the 2021 programme played on invented people, firms, scans and bank statements.

programme.py, cohort.py, refusals.py, scans.py, story.py, marks.py, course.py, staff.py, teaching.py and payments.py
generate the input from a seed. They depend on no service and on no clock. The player submits the input over HTTP.
"""
