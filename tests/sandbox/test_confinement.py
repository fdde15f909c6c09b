"""A process that opens a file can do nothing else, breaks no limit for long, and does not end the server."""

import io
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest
from PIL import Image

from shared.sandbox import Sandbox, SandboxAway, Unreadable, confinement
from shared.sandbox.limits import MOST_CELLS, MOST_ELEMENTS, MOST_ROWS
from tests.sandbox import SANDBOX

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="seccomp is a part of Linux")


def run(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env={}, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout


@LINUX
def test_a_confined_process_reads_no_file_opens_no_connection_and_starts_no_process() -> None:
    code = "from shared.sandbox import confinement as c; c.confine(); import os; os.write(1, repr(c.holes()).encode())"
    assert run(code) == "[]"


@LINUX
def test_the_probes_find_each_hole_of_a_process_that_is_not_confined() -> None:
    code = """
from shared.sandbox import confinement as c
import os
found = [name for name in c.ATTEMPTS if name != "execute" and c.succeeds(name)]
os.write(1, ",".join(found).encode())
"""
    assert set(run(code).split(",")) == set(confinement.ATTEMPTS) - {"execute"}


@LINUX
def test_a_server_whose_confinement_has_a_hole_does_not_start(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from shared.sandbox import confinement, server
confinement._ALLOWED.append("openat")
server.serve(Path({str(tmp_path / "socket")!r}), is_child=False)
"""
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(code)
    assert "read a file" in failed.value.stderr


def test_the_child_has_an_empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINGJUN_PLANTED", "a secret")
    sandbox = Sandbox()
    sandbox.open("nothing", b"")
    child = sandbox.child
    assert child is not None
    assert Path(f"/proc/{child.pid}/environ").read_bytes() == b""
    child.kill()


def test_a_file_that_breaks_the_limit_of_memory_is_refused_and_the_next_one_is_opened() -> None:
    nested = b"%PDF-1.4\n1 0 obj" + b"[" * 9_900_000
    with pytest.raises(Unreadable) as refused:
        SANDBOX.open("scan", nested)
    assert refused.value.code in ("too-demanding", "damaged")
    assert SANDBOX.open("scan", picture()).files


def test_a_zip_that_unpacks_without_end_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/worksheets/sheet1.xml", bytes(200 * 1024 * 1024))
    with pytest.raises(Unreadable) as refused:
        SANDBOX.open("workbook", file.getvalue())
    assert refused.value.code == "too-large"


def test_a_file_whose_content_would_fill_the_memory_of_the_caller_is_refused() -> None:
    with pytest.raises(Unreadable, match="too-large"):
        SANDBOX.open("xml", b"<a>" + b"<b/>" * MOST_ELEMENTS + b"</a>")
    file, book = io.BytesIO(), openpyxl.Workbook()
    book.worksheets[0].cell(MOST_ROWS, MOST_CELLS // MOST_ROWS + 1, "far")
    book.save(file)
    with pytest.raises(Unreadable, match="too-large"):
        SANDBOX.open("workbook", file.getvalue())


def test_an_entity_of_an_xml_is_not_expanded() -> None:
    with pytest.raises(Unreadable) as refused:
        SANDBOX.open("xml", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>')
    assert refused.value.code == "doctype"


def test_a_child_that_was_killed_is_replaced() -> None:
    sandbox = Sandbox()
    sandbox.open("nothing", b"")
    assert sandbox.child is not None
    sandbox.child.send_signal(signal.SIGKILL)
    sandbox.child.wait(10)
    assert sandbox.open("scan", picture()).value["media_type"] == "image/png"
    sandbox.child.kill()


def test_a_server_that_is_away_is_not_the_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(SandboxAway):
        Sandbox(str(tmp_path / "nothing-here")).open("scan", picture())


def test_the_child_ends_with_the_process_that_started_it() -> None:
    code = """
from shared.sandbox import Sandbox
import os
sandbox = Sandbox()
sandbox.open("nothing", b"")
os.write(1, str(sandbox.child.pid).encode())
os._exit(0)
"""
    pid = int(run(code))
    ends = time.monotonic() + 20
    while time.monotonic() < ends and is_running(pid):
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return " Z " not in Path(f"/proc/{pid}/stat").read_text()


def test_a_process_that_opens_a_file_holds_no_connection_of_another_file() -> None:
    """Two silent connections are two processes; each has its own connection beside standard output and error."""
    sandbox = Sandbox()
    sandbox.open("nothing", b"")
    child = sandbox.child
    assert child is not None
    with socket.socket(socket.AF_UNIX) as first, socket.socket(socket.AF_UNIX) as second:
        for silent in (first, second):
            silent.connect(sandbox.address())
        ends = time.monotonic() + 20
        while len(held := descriptors_of_children(child.pid)) < 2 or any(len(one) > 3 for one in held):
            assert time.monotonic() < ends, held
            time.sleep(0.05)
    child.kill()


def descriptors_of_children(pid: int) -> list[list[str]]:
    """Return the open descriptors of each process that the server has forked."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [os.listdir(f"/proc/{one}/fd") for one in children]


def test_a_process_that_waits_for_ever_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "s"
    code = f"""
from pathlib import Path
from shared.sandbox import server
server.WALL_SECONDS = 0.5
server.serve(Path({str(path)!r}), is_child=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], env={}, cwd=ROOT, stdin=subprocess.PIPE) as served:
        assert served.stdin is not None
        ends = time.monotonic() + 60
        with socket.socket(socket.AF_UNIX) as silent:
            silent.settimeout(60)
            while silent.connect_ex(str(path)) and time.monotonic() < ends:
                time.sleep(0.05)
            assert silent.recv(1) == b""
        served.stdin.close()


def test_many_threads_open_files_at_once() -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.extend(len(SANDBOX.open("scan", picture()).files) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 40


def picture() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((60, 60), 60).save(file, "PNG")
    return file.getvalue()
