"""Real web servers on this machine: one that does as a test says, and one with our own routes."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Answers every request as the test says, and notes the paths and the ranges ("" for the whole) asked for."""

    daemon_threads = True
    behaviour: Behaviour
    released: threading.Event
    paths: list[str]
    asked: list[str]

    def url(self, path: str = "/file.bin") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.server.asked.append(self.headers.get("Range", ""))
        self.server.behaviour(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving() as server:
        yield server


@contextmanager
def serving() -> Iterator[Server]:
    """A server that refuses, until its `behaviour` is another."""
    server = Server(("127.0.0.1", 0), Handler)
    server.behaviour, server.released, server.paths, server.asked = refuse, threading.Event(), [], []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving_routes(*routes: BaseRoute) -> Iterator[int]:
    """The port of a server like Streamlit's with nothing but these routes."""
    config = uvicorn.Config(Starlette(routes=routes), port=0, ws="websockets-sansio", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def head(handler: BaseHTTPRequestHandler, length: int | None, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def refuse(handler: BaseHTTPRequestHandler) -> None:
    head(handler, 0, 404)


def sender(content: bytes, etag: str = '"1"', until: int | None = None, **headers: str) -> Behaviour:
    """Sends `content` or the part of it that is asked for, as RFC 9110 says; with `until`, hangs up before that byte of
    the file."""

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        part = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(part[1]) if part and handler.headers.get("If-Range") == etag else 0
        more = {"ETag": etag, **headers} if etag else headers
        if start:
            more["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        head(handler, len(content) - start, 206 if start else 200, **more)
        handler.wfile.write(content[start:until])

    return behaviour
