"""`python -m services.portal.replay`: sends dead letters again from the command line, on the servers of the LINGJUN_ settings.

`python -m services replay` does the same in the folder of an embedded house.
"""

import argparse
import sys
from collections.abc import Callable

from services.portal import actions, queries
from services.portal.console import serve_command
from services.portal.jobs import ReplayDeadLetters
from shared.foundation.errors import Invalid
from shared.messaging.sync_publisher import SyncPublisher
from shared.wiring.process import Process

CONSOLE = "console"


def add_choice(parser: argparse.ArgumentParser) -> None:
    """What to send again; shared by both commands."""
    parser.add_argument("--queue", default="", help="only what this service gave up; its failed jobs: SERVICE.jobs")
    parser.add_argument("--type", default="", help="only messages of this type")
    parser.add_argument("--reason", default="", help="only messages whose reason holds this text")
    parser.add_argument("--all", action="store_true", help="everything that waits")
    parser.add_argument(
        "--list", action="store_true", help="only count what would be sent, by service, type and reason"
    )


def replay(process: Process, given: argparse.Namespace) -> int:
    """Sends what was chosen again, or lists it; 0 unless the broker did not accept some, then 1. Raises Invalid when nothing
    was chosen, ConnectionError when the broker is away; what was marked by then stays so, and a repeat sends the rest."""
    wanted = ReplayDeadLetters(actor=CONSOLE, queue=given.queue, type=given.type, reason=given.reason)
    if given.list:
        return _list(process, wanted)
    if not given.all and not (wanted.queue or wanted.type or wanted.reason):
        raise Invalid(
            "请用 --queue、--type 或 --reason 选择消息，或用 --all 重发全部；--list 只列出。", code="nothing-chosen"
        )
    with process.database.transaction() as uow:
        count = queries.count_wanted(uow.session, wanted)
        if count:
            actions.note_order(uow, wanted, now=process.clock.now())
    sent, refused = send_again(process, wanted, progress=lambda done: _tell(f"\r{done} / {count}"))
    _tell("\n" if count else "")
    _say(f"sent {sent}, refused by the broker {refused}")
    return 1 if refused else 0


def send_again(
    process: Process, wanted: ReplayDeadLetters, *, progress: Callable[[int], None] = lambda done: None
) -> tuple[int, int]:
    """Sends every waiting letter that is wanted, a transaction per batch; how many were sent, and how many refused."""
    sent, refused = 0, 0
    rest: ReplayDeadLetters | None = wanted
    with SyncPublisher(process.transport()) as send:
        while rest:
            with process.database.transaction() as uow:
                done = actions.replay_batch(uow, rest, send=send)
            sent, refused = sent + done.sent, refused + done.refused
            progress(sent + refused)
            rest = actions.next_batch(rest, done)
    return sent, refused


def _list(process: Process, wanted: ReplayDeadLetters) -> int:
    with process.database.reader() as session:
        for queue, kind, reason, number in queries.letters_by_kind(session, wanted):
            _say(f"{number:>8}  {queue}  {kind}  {reason}")
        _say(f"{queries.count_wanted(session, wanted):>8}  in all")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _tell(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(serve_command("replay", add_choice, replay))
