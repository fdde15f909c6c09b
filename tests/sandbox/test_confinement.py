"""A process that opens a file can do nothing else, breaks no limit for long, and does not end the server."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from shared.sandbox import Sandbox, SandboxAway, Unreadable, confinement
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
