"""Names and payloads of review's background jobs: one per kind of letter, and its mail."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class WriteAdmissionLetter(Job):
    """Print the admission letter (入学通知书)."""

    NAME: ClassVar[str] = "write_admission_letter"
    letter_id: UUID


class WriteWaitingListLetter(Job):
    """Print the waiting-list letter (候补通知书)."""

    NAME: ClassVar[str] = "write_waiting_list_letter"
    letter_id: UUID


class WriteRefusalLetter(Job):
    """Print the refusal letter (未入选通知书)."""

    NAME: ClassVar[str] = "write_refusal_letter"
    letter_id: UUID


class SendLetter(Job):
    """Mail a printed letter."""

    NAME: ClassVar[str] = "send_letter"
    letter_id: UUID
