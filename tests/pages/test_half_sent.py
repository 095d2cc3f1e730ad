"""Clients that begin a request and do not go on: raw sockets against the real server, and one that only takes long."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from core.jobs.process import PROJECT
from pages.ui.routes.half_sent import LEAST_BYTES, SETTING, close_half_sent
from tests.serving import serving_routes

SECONDS = 2.0
HEADER = b"Host: 127.0.0.1:%d\r\n"
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + b"A" * 22
UPGRADE += b"==\r\n"
HALF = {
    "nothing": b"",
    "half a header": b"GET / HTTP/1.1\r\n" + HEADER,
    "half a body": b"POST / HTTP/1.1\r\n" + HEADER + b"Content-Length: 1000\r\n\r\nhalf",
    "half an upload": b"PUT /_stcore/upload_file/a/b HTTP/1.1\r\n" + HEADER + b"Content-Length: 1000\r\n\r\nhalf",
    "half a second header": b"GET /_stcore/health HTTP/1.1\r\n" + HEADER + b"\r\nGET / HTTP",
    "a silent websocket": b"GET /_stcore/stream HTTP/1.1\r\n" + HEADER + UPGRADE + b"\r\n",
    "half a websocket's message": b"GET /_stcore/stream HTTP/1.1\r\n" + HEADER + UPGRADE + b"\r\n\x82\xfe\x10\0half",
    "half an upgrade": b"GET /_stcore/stream HTTP/1.1\r\n" + HEADER + UPGRADE,
}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of the app as a user starts it, with little patience."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    folder = tmp_path_factory.mktemp("half-sent")
    settings = {"PAWLAB_HOME": str(folder / "home"), SETTING: str(SECONDS)}
    settings["STREAMLIT_SERVER_WEBSOCKET_PING_INTERVAL"] = "1"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdout=log,
            stderr=log,
        )
        try:
            while not listens(port):
                assert server.poll() is None, (folder / "log").read_text()
                time.sleep(0.1)
            yield port
            assert "Traceback" not in (folder / "log").read_text()
        finally:
            server.terminate()
            server.wait()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


def is_closed(port: int, sent: bytes, trickle: bytes = b"") -> bool:
    """Whether the server hangs up after the start of a request, before this gives up."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(sent.replace(b"%d", str(port).encode()))
        client.settimeout(0.3)
        give_up = time.monotonic() + 60  # the machine may be busy
        while time.monotonic() < give_up:
            try:
                if trickle:
                    client.sendall(trickle)
                if not client.recv(65_536):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
    return False


def test_what_is_half_sent_is_closed(port: int) -> None:
    with ThreadPoolExecutor(20) as threads:
        jobs = {name: threads.submit(is_closed, port, sent) for name, sent in HALF.items()}
        jobs["a header, byte by byte"] = threads.submit(is_closed, port, HALF["half a header"] + b"A: ", b"a")
        jobs["a body, byte by byte"] = threads.submit(is_closed, port, HALF["half an upload"], b"a")
    assert [name for name, job in jobs.items() if not job.result()] == []


def test_an_upload_that_goes_on_may_take_long(monkeypatch: pytest.MonkeyPatch) -> None:
    for method in ("connection_made", "data_received"):  # put back at the end
        monkeypatch.setattr(AutoHTTPProtocol, method, getattr(AutoHTTPProtocol, method))
    monkeypatch.setenv(SETTING, "1")
    close_half_sent()

    async def count(request: Request) -> PlainTextResponse:
        number = len(await request.body())
        import asyncio

        await asyncio.sleep(1.5)  # and so may we
        return PlainTextResponse(str(number))

    with serving_routes(Route("/", count, methods=["POST"])) as port:
        assert is_closed(port, b"POST / HTTP/1.1\r\n" + HEADER + b"Content-Length: 1000\r\n\r\nhalf")
        with socket.create_connection(("127.0.0.1", port)) as client:
            parts = 12
            length = b"Content-Length: %d\r\n\r\n" % (parts * 2 * LEAST_BYTES)
            client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\n" + length)
            for _ in range(parts):
                client.sendall(bytes(2 * LEAST_BYTES))
                time.sleep(0.2)
            assert b"200 OK" in client.recv(65_536)


def test_the_rest_of_the_app_is_untouched(port: int, tmp_path: Path) -> None:
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET /_stcore/health HTTP/1.1\r\n" + HEADER.replace(b"%d", str(port).encode()) + b"\r\n")
        assert b"200 OK" in client.recv(65_536)
