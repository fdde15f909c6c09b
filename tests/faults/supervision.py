"""Kills, stops and restarts processes as a supervisor does. Called by installation.py and run.py.

The main thread starts all processes: the kernel kills a thread's child processes when that thread ends.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.plan import Fault
from tests.servers.processes import Program, end, spawn

PAUSE_SECONDS = 1.0


@dataclass
class SupervisedProgram:
    """One supervised program.

    `back_at`: monotonic time of the restart or resume. `stopped`: ids of stopped processes. `exits`: unexpected exits.
    """

    program: Program
    process: "subprocess.Popen[bytes] | None" = None
    back_at: float | None = None
    stopped: tuple[int, ...] = ()
    exits: int = 0

    def start(self) -> None:
        """Start the program over its existing data."""
        self.process, self.back_at = spawn(self.program), None

    def kill(self, until: float) -> None:
        """Kill the process tree. `poll` starts the program again at `until` (monotonic)."""
        assert self.process is not None
        for pid in _process_tree(self.process.pid):
            _send(pid, signal.SIGKILL)
        self.process.wait(30)
        self.stopped, self.back_at = (), until

    def stop(self, until: float) -> None:
        """Stop the process tree. `poll` resumes it at `until` (monotonic)."""
        assert self.process is not None
        self.stopped, self.back_at = tuple(_process_tree(self.process.pid)), until
        for pid in self.stopped:
            _send(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Resume the stopped processes."""
        for pid in self.stopped:
            _send(pid, signal.SIGCONT)
        self.stopped, self.back_at = (), None


@dataclass
class Supervisor:
    """All programs of a run by name. Call `poll` repeatedly."""

    programs: dict[str, SupervisedProgram] = field(default_factory=dict)

    def start(self, name: str, program: Program) -> None:
        """Start a program and supervise it."""
        supervised = self.programs[name] = SupervisedProgram(program)
        supervised.start()

    def inject(self, fault: Fault) -> bool:
        """Inject the fault. Return False if the process is not running or an earlier fault is not over."""
        supervised = self.programs[fault.target]
        if supervised.back_at is not None or supervised.process is None or supervised.process.poll() is not None:
            return False
        until = time.monotonic() + fault.lasts
        supervised.kill(until) if fault.act == "kill" else supervised.stop(until)
        return True

    def poll(self) -> None:
        """Restart or resume programs whose fault is over. Schedule the restart of programs that exited unexpectedly."""
        now = time.monotonic()
        for supervised in self.programs.values():
            if supervised.back_at is not None:
                if supervised.back_at <= now:
                    supervised.resume() if supervised.stopped else supervised.start()
            elif supervised.process is not None and supervised.process.poll() is not None:
                supervised.exits += 1
                supervised.back_at = now + PAUSE_SECONDS

    def end_faults(self) -> None:
        """End all current faults immediately."""
        for supervised in self.programs.values():
            if supervised.back_at is not None:
                supervised.back_at = 0.0
        self.poll()

    def end(self) -> None:
        """Stop all programs in reverse order of their start."""
        for supervised in reversed(self.programs.values()):
            supervised.resume()
            if supervised.process is not None and supervised.process.poll() is None:
                end(supervised.process, supervised.program.end_signal)

    def unexpected_exits(self) -> list[str]:
        """Return the programs that exited without being killed, with the number of exits."""
        return [f"{name} {one.exits}x" for name, one in self.programs.items() if one.exits]


def _process_tree(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield pid
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in tasks.read_text().split():
                yield from _process_tree(int(child))


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
