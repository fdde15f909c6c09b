"""Takes from the calling process everything that opening a file does not need. Used by the sandbox's server after a fork.

Limits of memory and time hold on every Unix. On Linux a seccomp filter allows only the system calls below, so that opening a
file, a connection or a process fails; elsewhere the process could still do that, and `is_complete` is False.
"""

import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping

if sys.platform == "linux":
    import pyseccomp

MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 20
_PR_SET_PDEATHSIG = 1
_EPERM, _ENOSYS = 1, 38
_CLONE_THREAD = 0x00010000
_ALLOWED = [
    "brk",
    "clock_gettime",
    "close",
    "exit",
    "exit_group",
    "fcntl",
    "fstat",
    "futex",
    "getpid",
    "getrandom",
    "gettid",
    "gettimeofday",
    "getrusage",
    "lseek",
    "madvise",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "readv",
    "recvfrom",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "sendto",
    "set_robust_list",
    "sigaltstack",
    "write",
    "writev",
]


def is_complete() -> bool:
    """Return whether this system can refuse files, connections and processes (Linux)."""
    return sys.platform == "linux"


def bind_to_parent() -> None:
    """End this process when the thread that forked it ends (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL))


def confine() -> None:
    """Give up all rights for ever, and limit memory to 512 MB and processor time to 20 s."""
    for kind, most in (
        (resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    if sys.platform == "linux":
        _allow_only(_ALLOWED)


def _allow_only(names: list[str]) -> None:
    rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(_EPERM))
    for name in names:
        # A call that this processor's kernel does not have needs no rule.
        if pyseccomp.resolve_syscall(pyseccomp.system_arch(), name) >= 0:
            rules.add_rule(pyseccomp.ALLOW, name)
    # A thread of the same process is allowed: the HEIC decoder needs one. The flags of clone3 cannot be filtered, and without
    # it the C library calls clone.
    thread = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _CLONE_THREAD, _CLONE_THREAD)
    rules.add_rule(pyseccomp.ALLOW, "clone", thread)
    rules.add_rule(pyseccomp.ERRNO(_ENOSYS), "clone3")
    rules.load()


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


ATTEMPTS: Mapping[str, Callable[[], object]] = {
    "read a file": lambda: open(sys.executable, "rb"),  # noqa: SIM115
    "list a folder": lambda: os.listdir("/"),
    "write a file": lambda: os.open(os.devnull, os.O_WRONLY),
    "read the environment": lambda: open("/proc/self/environ", "rb"),  # noqa: SIM115
    "open a connection": lambda: socket.socket(socket.AF_INET),
    "open a local connection": lambda: socket.socket(socket.AF_UNIX),
    "fork": _fork,
    "execute": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606
    "signal another process": lambda: os.kill(os.getppid(), 0),
}
"""What a file might make a process do; each must fail."""


def holes() -> list[str]:
    """Try what must fail, from inside, and return the names of what did not fail."""
    return [name for name in ATTEMPTS if succeeds(name)]


def succeeds(name: str) -> bool:
    """Return whether this process can still do it."""
    try:
        ATTEMPTS[name]()
    except PermissionError:
        return False
    return True
