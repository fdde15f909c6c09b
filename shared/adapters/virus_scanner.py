"""A ClamAV daemon, asked about each foreign file before it is opened. Off unless the installation names one.

The protocol is clamd's INSTREAM (clamd(8)). The Python clients of it are unmaintained or under the GPL.
"""

import re
import socket
import struct
from urllib.parse import urlsplit

from shared.foundation.errors import Invalid
from shared.sandbox import SandboxAway

_SECONDS = 60.0
_CHUNK = 1024 * 1024
_MOST_ANSWER = 4096
_FOUND = re.compile(r"stream: (?P<name>.{1,200}) FOUND")


class Infected(Invalid):
    """The scanner knows the file as malware. `name` is the scanner's name for it."""

    def __init__(self, name: str) -> None:
        message = "文件被杀毒软件识别为恶意文件（{name}），没有接收。请查杀后重新导出或扫描，再上传。"
        super().__init__(message, code="file-infected", values={"name": name})


class VirusScanner:
    """A clamd at `tcp://host:port` or `unix:///path`. Its StreamMaxLength must be at least 50 MB, the largest file."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)

    def check(self, content: bytes) -> None:
        """Raise Infected for known malware, SandboxAway if the daemon gives no verdict: no file passes unchecked."""
        try:
            answer = self._ask(content)
        except OSError as error:
            raise SandboxAway(f"clamd: {error}") from error
        if found := _FOUND.fullmatch(answer):
            raise Infected(found["name"])
        if answer != "stream: OK":
            raise SandboxAway(f"clamd: {answer}")

    def _ask(self, content: bytes) -> str:
        with self._connected() as connection:
            connection.sendall(b"zINSTREAM\0")
            for start in range(0, len(content), _CHUNK):
                part = content[start : start + _CHUNK]
                connection.sendall(struct.pack(">I", len(part)) + part)
            connection.sendall(struct.pack(">I", 0))
            answer = b""
            while not answer.endswith(b"\0") and len(answer) < _MOST_ANSWER and (part := connection.recv(_MOST_ANSWER)):
                answer += part
        return answer.rstrip(b"\0").decode(errors="replace")

    def _connected(self) -> socket.socket:
        if self._url.scheme == "tcp":
            return socket.create_connection((self._url.hostname or "", self._url.port or 0), timeout=_SECONDS)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(_SECONDS)
        try:
            connection.connect(self._url.path)
        except OSError:
            connection.close()
            raise
        return connection
