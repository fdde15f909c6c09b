"""Names and payloads of intake's slow jobs."""

from typing import ClassVar
from uuid import UUID

from shared.jobs.job import Job


class SendConsentRequest(Job):
    """Writes to the student with a link to confirm in person."""

    NAME: ClassVar[str] = "send_consent_request"
    application_id: UUID


class SendReturnNotice(Job):
    """Tells the student what to correct, and by when."""

    NAME: ClassVar[str] = "send_return_notice"
    application_id: UUID
    revision: int
