"""Scheduling's tables: programmes, candidates and admitted students; panels, bookings, plans, lessons, results."""

from services.scheduling.models.base import (
    Notice,
    ProgrammeRow,
    SchedulingRow,
    Withdrawal,
    registered,
)
from services.scheduling.models.course import (
    Assessment,
    Attendance,
    CalendarEdit,
    Certificate,
    Fee,
    FeeWaiver,
    Lesson,
    Plan,
    Student,
    Teacher,
    Venue,
)
from services.scheduling.models.interviews import (
    Candidate,
    Interview,
    Panel,
    Proposal,
    Slot,
)

__all__ = [
    "Assessment",
    "Attendance",
    "CalendarEdit",
    "Candidate",
    "Certificate",
    "Fee",
    "FeeWaiver",
    "Interview",
    "Lesson",
    "Notice",
    "Panel",
    "Plan",
    "ProgrammeRow",
    "Proposal",
    "SchedulingRow",
    "Slot",
    "Student",
    "Teacher",
    "Venue",
    "Withdrawal",
    "registered",
]
