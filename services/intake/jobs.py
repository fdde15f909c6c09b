"""Names and payloads of intake's background jobs."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class SendConsentRequest(Job):
    """Send the student a link to confirm in person."""

    NAME: ClassVar[str] = "send_consent_request"
    application_id: UUID


class SendReturnNotice(Job):
    """Notify the student of the defects to correct and of the deadline."""

    NAME: ClassVar[str] = "send_return_notice"
    application_id: UUID
    revision: int
