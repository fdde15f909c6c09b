"""Names and payloads of review's slow jobs: one per document that a decision owes."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class WriteAdmissionLetter(Job):
    """Prints and sends 入学通知书."""

    NAME: ClassVar[str] = "write_admission_letter"
    letter_id: UUID


class WriteWaitingListLetter(Job):
    """Prints and sends 候补通知书."""

    NAME: ClassVar[str] = "write_waiting_list_letter"
    letter_id: UUID


class WriteRefusalLetter(Job):
    """Prints and sends 未入选通知书."""

    NAME: ClassVar[str] = "write_refusal_letter"
    letter_id: UUID
