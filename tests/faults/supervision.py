"""Processes that are killed, stopped, and started again as a supervisor would. Called by house.py and run.py.

Everything is started by one thread, the main one: the kernel ends what a thread has started when that thread ends.
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
class Charge:
    """One supervised program. `ended_itself` counts how often it went without having been killed."""

    program: Program
    process: "subprocess.Popen[bytes] | None" = None
    back_at: float | None = None
    stopped: tuple[int, ...] = ()
    ended_itself: int = 0

    def start(self) -> None:
        """Starts it, over the data that it had."""
        self.process, self.back_at = spawn(self.program), None

    def kill(self, until: float) -> None:
        """Kills it with all its children, at once; it is started again at `until` (monotonic)."""
        assert self.process is not None
        for pid in _family(self.process.pid):
            _send(pid, signal.SIGKILL)
        self.process.wait(30)
        self.stopped, self.back_at = (), until

    def stop(self, until: float) -> None:
        """Stops it with all its children; they go on at `until` (monotonic)."""
        assert self.process is not None
        self.stopped, self.back_at = tuple(_family(self.process.pid)), until
        for pid in self.stopped:
            _send(pid, signal.SIGSTOP)

    def go_on(self) -> None:
        """Lets the stopped go on."""
        for pid in self.stopped:
            _send(pid, signal.SIGCONT)
        self.stopped, self.back_at = (), None


@dataclass
class Supervisor:
    """All programs of a run by name. `look` is to be called again and again."""

    charges: dict[str, Charge] = field(default_factory=dict)

    def start(self, name: str, program: Program) -> None:
        """Starts a program and watches over it from now on."""
        charge = self.charges[name] = Charge(program)
        charge.start()

    def suffer(self, fault: Fault) -> bool:
        """Does the fault now; False while an earlier one of the same process is not over, or it has not come back."""
        charge = self.charges[fault.target]
        if charge.back_at is not None or charge.process is None or charge.process.poll() is not None:
            return False
        until = time.monotonic() + fault.lasts
        charge.kill(until) if fault.act == "kill" else charge.stop(until)
        return True

    def look(self) -> None:
        """Brings back whose time it is, and whoever went by itself."""
        now = time.monotonic()
        for charge in self.charges.values():
            if charge.back_at is not None:
                if charge.back_at <= now:
                    charge.go_on() if charge.stopped else charge.start()
            elif charge.process is not None and charge.process.poll() is not None:
                charge.ended_itself += 1
                charge.back_at = now + PAUSE_SECONDS

    def bring_back(self) -> None:
        """Ends every fault at once."""
        for charge in self.charges.values():
            if charge.back_at is not None:
                charge.back_at = 0.0
        self.look()

    def end(self) -> None:
        """Ends everything, the last that was started first."""
        for charge in reversed(self.charges.values()):
            charge.go_on()
            if charge.process is not None and charge.process.poll() is None:
                end(charge.process, charge.program.end_signal)

    def restless(self) -> list[str]:
        """Who ended without being killed, and how often."""
        return [f"{name} {one.ended_itself}x" for name, one in self.charges.items() if one.ended_itself]


def _family(pid: int) -> Iterator[int]:
    """A process, then its children and theirs."""
    yield pid
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in tasks.read_text().split():
                yield from _family(int(child))


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
