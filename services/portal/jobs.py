"""The portal's slow jobs, typed. Started by actions, executed by tasks.py."""

from typing import ClassVar

from shared.jobs.job import Job


class ReplayDeadLetters(Job):
    """Sends a batch of waiting dead letters again and starts itself for the next. Empty fields ask for everything; `reason`
    is a piece of the reason; `key` names one letter; letters up to `after` (a key) are behind it."""

    NAME: ClassVar[str] = "replay_dead_letters"
    actor: str
    queue: str = ""
    type: str = ""
    reason: str = ""
    key: str = ""
    after: str = ""
