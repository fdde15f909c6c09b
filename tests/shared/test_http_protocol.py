"""A connection is closed when the head of its next request, or the rest of a refused body, does not arrive in time."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from shared.runtime import http_protocol
from tests.servers.processes import free_port

SECONDS, IDLE_SECONDS = 0.3, 3
HEAD = b"GET / HTTP/1.1\r\nHost: test\r\n"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer without reading the body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A connection to a server that waits SECONDS for a head, and IDLE_SECONDS for a request."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", SECONDS)
    port = free_port()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=http_protocol.BoundedProtocol,
        timeout_keep_alive=IDLE_SECONDS,
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        yield opened
    server.should_exit = True
    thread.join(20)


def received(connection: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection. Raises TimeoutError while it stays open."""
    parts = b""
    while part := connection.recv(65536):
        parts += part
    return parts


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD], ids=["nothing", "half a line", "half a head"])
def test_a_head_that_does_not_arrive_in_time_closes_the_connection(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    assert received(connection) == b""


def test_the_second_head_of_a_connection_has_the_same_time(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n" + HEAD)
    assert received(connection).endswith(b"\r\n\r\nok")


def test_an_idle_connection_stays_open(connection: socket.socket) -> None:
    connection.sendall(HEAD + b"\r\n")
    assert connection.recv(65536).endswith(b"ok")
    connection.settimeout(4 * SECONDS)
    with pytest.raises(TimeoutError):
        received(connection)
    connection.sendall(HEAD + b"\r\n")
    assert connection.recv(65536).endswith(b"ok")


def test_the_rest_of_a_body_that_is_not_read_must_arrive_in_time(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nhalf")
    assert received(connection).endswith(b"ok")


def test_a_body_that_is_not_read_does_not_close_the_connection(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)
    assert connection.recv(65536).endswith(b"ok")
    connection.settimeout(4 * SECONDS)
    with pytest.raises(TimeoutError):
        received(connection)


def test_a_head_that_is_too_large_gets_400(connection: socket.socket) -> None:
    size = http_protocol.MOST_HEAD_BYTES
    connection.sendall(HEAD + b"X-Large: " + b"x" * size)
    assert received(connection).startswith(b"HTTP/1.1 400")


def test_a_large_body_is_no_large_head(connection: socket.socket) -> None:
    size = 4 * http_protocol.MOST_HEAD_BYTES
    connection.sendall(b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size)
    assert connection.recv(65536).endswith(b"ok")
