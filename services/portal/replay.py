"""`python -m services.portal.replay`: replays dead letters, on the servers of the LINGJUN_ settings.

`python -m services replay` does the same in the folder of a stopped standalone server.
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


def add_selection_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that select dead letters; both commands use them."""
    parser.add_argument("--queue", default="", help="only what this service gave up; its failed jobs: SERVICE.jobs")
    parser.add_argument("--type", default="", help="only messages of this type")
    parser.add_argument("--reason", default="", help="only messages whose reason holds this text")
    parser.add_argument("--all", action="store_true", help="everything that waits")
    parser.add_argument(
        "--list", action="store_true", help="only count what would be sent, by service, type and reason"
    )


def replay(process: Process, arguments: argparse.Namespace) -> int:
    """Replay or list the selected dead letters. Return 0, or 1 if the broker rejected some.

    Raises Invalid if nothing is selected, ConnectionError if the broker is unreachable. Messages marked as replayed
    before an error stay so; a repeat sends the rest.
    """
    selection = ReplayDeadLetters(actor=CONSOLE, queue=arguments.queue, type=arguments.type, reason=arguments.reason)
    if arguments.list:
        return _list(process, selection)
    if not arguments.all and not (selection.queue or selection.type or selection.reason):
        raise Invalid(
            "请用 --queue、--type 或 --reason 选择消息，或用 --all 重发全部；--list 只列出。", code="nothing-chosen"
        )
    with process.database.transaction() as uow:
        count = queries.count_matching(uow.session, selection)
        if count:
            actions.note_order(uow, selection, now=process.clock.now())
    sent, refused = replay_all(process, selection, progress=lambda done: _print_progress(f"\r{done} / {count}"))
    _print_progress("\n" if count else "")
    _print_line(f"sent {sent}, refused by the broker {refused}")
    return 1 if refused else 0


def replay_all(
    process: Process, selection: ReplayDeadLetters, *, progress: Callable[[int], None] = lambda done: None
) -> tuple[int, int]:
    """Replay the selected waiting dead letters, one transaction per batch. Return the numbers sent and rejected."""
    sent, refused = 0, 0
    rest: ReplayDeadLetters | None = selection
    with SyncPublisher(process.transport()) as send:
        while rest:
            with process.database.transaction() as uow:
                done = actions.replay_batch(uow, rest, send=send)
            sent, refused = sent + done.sent, refused + done.refused
            progress(sent + refused)
            rest = actions.next_batch(rest, done)
    return sent, refused


def _list(process: Process, selection: ReplayDeadLetters) -> int:
    with process.database.reader() as session:
        for queue, kind, reason, count in queries.dead_letters_by_kind(session, selection):
            _print_line(f"{count:>8}  {queue}  {kind}  {reason}")
        _print_line(f"{queries.count_matching(session, selection):>8}  in all")
    return 0


def _print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _print_progress(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(serve_command("replay", add_selection_options, replay))
