"""The virus scanner is asked before a file is opened, and no file passes without its verdict."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.intake.rules.scans import check_scan
from services.intake.settings import IntakeSettings
from shared.adapters.virus_scanner import Infected, VirusScanner
from shared.foundation.errors import Invalid
from shared.sandbox import Sandbox, SandboxAway
from shared.wiring.process import open_process
from shared.wiring.settings import embedded
from tests.sandbox.test_scan_verdicts import picture
from tests.servers.processes import free_port

MOST = 25 * 1024 * 1024


class Clamd(socketserver.ThreadingUnixStreamServer):
    """Answers INSTREAM as clamd(8) describes: OK, FOUND for a file with the word MALWARE, ERROR beyond its limit."""

    daemon_threads = True
    received = 0


class Handler(socketserver.StreamRequestHandler):
    server: Clamd

    def handle(self) -> None:
        assert self.rfile.read(len(b"zINSTREAM\0")) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.server.received += 1
        answer = b"stream: OK"
        if b"MALWARE" in content:
            answer = b"stream: Win.Test.EICAR_HDB-1 FOUND"
        elif len(content) > MOST:
            answer = b"INSTREAM size limit exceeded. ERROR"
        for start in range(0, len(answer), 5):
            self.wfile.write(answer[start : start + 5])
        self.wfile.write(b"\0")


@pytest.fixture
def clamd(tmp_path: Path) -> Iterator[Clamd]:
    with Clamd(str(tmp_path / "clamd"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def scanner(tmp_path: Path) -> VirusScanner:
    return VirusScanner(f"unix://{tmp_path}/clamd")


def test_a_clean_file_is_opened_and_an_infected_one_is_refused_by_name(clamd: Clamd, tmp_path: Path) -> None:
    sandbox = Sandbox(scanner=scanner(tmp_path))
    assert check_scan(picture("PNG"), "image/png", sandbox).media_type == "image/png"
    with pytest.raises(Invalid) as refused:
        check_scan(picture("PNG") + b"MALWARE", "image/png", sandbox)
    assert refused.value.code == "file-infected"
    assert "Win.Test.EICAR_HDB-1" in str(refused.value)
    assert clamd.received == 2


def test_large_files_are_sent_whole(clamd: Clamd, tmp_path: Path) -> None:
    scanner(tmp_path).check(b"x" * MOST)
    with pytest.raises(Infected):
        scanner(tmp_path).check(b"x" * (MOST - 7) + b"MALWARE")


def test_without_a_verdict_no_file_passes(clamd: Clamd, tmp_path: Path) -> None:
    with pytest.raises(SandboxAway, match="size limit"):
        scanner(tmp_path).check(b"x" * (MOST + 1))
    for url in (f"tcp://127.0.0.1:{free_port()}", f"unix://{tmp_path}/nowhere"):
        with pytest.raises(SandboxAway):
            VirusScanner(url).check(b"x")


def test_the_setting_reaches_the_sandbox(clamd: Clamd, tmp_path: Path) -> None:
    values = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    settings = IntakeSettings(**values, clamd=f"unix://{tmp_path}/clamd")
    with pytest.raises(Infected):
        open_process(settings).tools.sandbox.open("scan", b"MALWARE")


@pytest.mark.parametrize("value", ["clamav", "http://clamav:3310", "tcp://clamav", "unix://clamd"])
def test_an_address_that_cannot_be_used_stops_the_start(tmp_path: Path, value: str) -> None:
    values = embedded(tmp_path, "intake", public_url="http://127.0.0.1", clock="system")
    with pytest.raises(Invalid, match="LINGJUN_CLAMD"):
        IntakeSettings(**values, clamd=value)
