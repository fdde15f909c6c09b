"""The form of a request and of an answer on the sandbox's socket: lengths, JSON, then the bytes of files.

Never pickle: the answer comes from a process that a file may have taken over.
"""

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

MOST_BYTES = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Cut(Exception):
    """The other side ended before the whole frame was there, or the frame is too long."""


def send(connection: socket.socket, value: Any, blobs: Sequence[bytes] = ()) -> None:
    """Send a JSON value and files."""
    head = json.dumps([value, [len(blob) for blob in blobs]]).encode()
    connection.sendall(_LENGTH.pack(len(head)) + head)
    for blob in blobs:
        connection.sendall(blob)


def receive(connection: socket.socket) -> tuple[Any, list[bytes]]:
    """Return a JSON value and files. Raises Cut, and TimeoutError by the socket's own limit."""
    (length,) = _LENGTH.unpack(_read(connection, _LENGTH.size))
    try:
        value, sizes = json.loads(_read(connection, length))
        blobs = [_read(connection, size) for size in sizes]
    except (ValueError, TypeError, RecursionError) as error:
        raise Cut from error
    return value, blobs


def _read(connection: socket.socket, size: int) -> bytes:
    if not 0 <= size <= MOST_BYTES:
        raise Cut
    content = bytearray()
    while len(content) < size:
        part = connection.recv(min(size - len(content), 1 << 20))
        if not part:
            raise Cut
        content += part
    return bytes(content)
