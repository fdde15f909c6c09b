"""Names and payloads of review's background jobs: one per kind of letter."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class WriteAdmissionLetter(Job):
    """Print and send the admission letter (入学通知书)."""

    NAME: ClassVar[str] = "write_admission_letter"
    letter_id: UUID


class WriteWaitingListLetter(Job):
    """Print and send the waiting-list letter (候补通知书)."""

    NAME: ClassVar[str] = "write_waiting_list_letter"
    letter_id: UUID


class WriteRefusalLetter(Job):
    """Print and send the refusal letter (未入选通知书)."""

    NAME: ClassVar[str] = "write_refusal_letter"
    letter_id: UUID
