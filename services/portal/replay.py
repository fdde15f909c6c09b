"""Replays dead letters from the command line, for `lingjun replay`."""

import sys
from collections.abc import Callable

from services.portal import actions, queries
from services.portal.jobs import ReplayDeadLetters
from shared.foundation.errors import Invalid
from shared.messaging.sync_publisher import SyncPublisher
from shared.wiring.process import Process

CONSOLE = "console"


def replay(
    process: Process,
    *,
    queue: str = "",
    kind: str = "",
    reason: str = "",
    everything: bool = False,
    only_list: bool = False,
) -> int:
    """Replay or list the selected dead letters. Return 0, or 1 if the broker rejected some.

    Raises Invalid if nothing is selected, ConnectionError if the broker is unreachable. Messages marked as replayed
    before an error stay so; a repeat sends the rest.
    """
    selection = ReplayDeadLetters(actor=CONSOLE, queue=queue, type=kind, reason=reason)
    if only_list:
        return _list(process, selection)
    if not (everything or queue or kind or reason):
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
