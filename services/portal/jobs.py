"""Names and payloads of the portal's background jobs. Enqueued by actions, executed by tasks.py."""

from typing import ClassVar

from shared.jobs.job import Job


class ReplayDeadLetters(Job):
    """Replay a batch of waiting dead letters and enqueue the next batch.

    The fields select dead letters; empty fields match all. `reason` is a substring; `key` selects one dead letter;
    keys up to and including `after` are already processed.
    """

    NAME: ClassVar[str] = "replay_dead_letters"
    actor: str
    queue: str = ""
    type: str = ""
    reason: str = ""
    key: str = ""
    after: str = ""
