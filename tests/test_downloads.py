"""Downloads from a real server on this machine that misbehaves in every way that we know."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.downloads import download, shown
from core.errors import Cancelled, DownloadError

CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes, more than one chunk
SHA256 = hashlib.sha256(CONTENT).hexdigest()

Behaviour = Callable[[BaseHTTPRequestHandler], None]


class Server(ThreadingHTTPServer):
    """Answers every request as the test says, and notes the paths that were asked for."""

    daemon_threads = True
    behaviour: Behaviour
    released: threading.Event
    paths: list[str]

    def url(self, path: str = "/file.bin") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.server.behaviour(self)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server(("127.0.0.1", 0), Handler)
    server.behaviour, server.released, server.paths = send_all, threading.Event(), []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file that was there before: a failure must leave it as it is."""
    target = tmp_path / "target.bin"
    target.write_bytes(b"before")
    return target


def head(handler: BaseHTTPRequestHandler, length: int | None, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def send_all(handler: BaseHTTPRequestHandler) -> None:
    head(handler, len(CONTENT))
    handler.wfile.write(CONTENT)


def assert_fails(
    server: Server,
    target: Path,
    reason: str,
    behaviour: Behaviour,
    read_timeout: float = 10.0,
    total_seconds: float = 60.0,
) -> None:
    """The download fails for that reason and within 5 s, leaves the old file and nothing beside it."""
    server.behaviour = behaviour
    started = time.monotonic()
    with pytest.raises(DownloadError, match=reason) as raised:
        download(server.url(), target, max_bytes=2_000_000, read_timeout=read_timeout, total_seconds=total_seconds)
    assert time.monotonic() - started < 5
    assert "\n" not in str(raised.value)
    assert target.read_bytes() == b"before"
    assert list(target.parent.iterdir()) == [target]


def test_a_file_arrives_whole_and_progress_counts_its_bytes(server: Server, target: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    digest = download(
        server.url(), target, max_bytes=len(CONTENT), sha256=SHA256, progress=lambda *state: seen.append(state)
    )
    assert target.read_bytes() == CONTENT
    assert digest == SHA256
    assert list(target.parent.iterdir()) == [target]
    assert seen[0] == ("download", 0, len(CONTENT))
    assert seen[-1] == ("download", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert len(seen) > 2


def test_a_caller_with_a_running_event_loop_gets_its_file_too(server: Server, target: Path) -> None:
    async def call() -> str:
        return download(server.url(), target, max_bytes=len(CONTENT))

    with ThreadPoolExecutor(1) as pool:  # Playwright runs a loop on this thread while its tests are at work
        assert pool.submit(lambda: asyncio.run(call())).result() == SHA256


def test_a_file_of_unannounced_length_arrives(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None)
        handler.wfile.write(CONTENT)

    server.behaviour = behaviour
    assert download(server.url(), target, max_bytes=len(CONTENT)) == SHA256


def test_redirects_are_followed(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        step = int(handler.path.strip("/"))
        send_all(handler) if step == 5 else head(handler, 0, 302, Location=f"/{step + 1}")

    server.behaviour = behaviour
    assert download(server.url("/0"), target, max_bytes=len(CONTENT)) == SHA256
    assert server.paths == ["/0", "/1", "/2", "/3", "/4", "/5"]


def test_a_redirect_loop_ends_after_five(server: Server, target: Path) -> None:
    assert_fails(server, target, "more than 5 times", lambda handler: head(handler, 0, 302, Location="/again"))
    assert len(server.paths) == 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "//["])
def test_a_redirect_elsewhere_than_http_is_refused(server: Server, target: Path, location: str) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 0, 302, Location=location)

    assert_fails(server, target, "leads to|could not be fetched", redirect)
    assert server.paths == ["/file.bin"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "ftp://127.0.0.1/x", "http://", "", "http://[::"])
def test_an_address_that_is_not_http_is_refused(target: Path, url: str) -> None:
    with pytest.raises(DownloadError):
        download(url, target, max_bytes=100)
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("status", [404, 500, 403, 206, 204])
def test_any_answer_but_200_is_refused(server: Server, target: Path, status: int) -> None:
    assert_fails(server, target, f"answers {status}", lambda handler: head(handler, None, status))


def test_a_body_cut_short_is_refused(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(CONTENT))
        handler.wfile.write(CONTENT[:-1])

    assert_fails(server, target, "could not be fetched|ended after", behaviour)


def test_an_announced_length_above_the_limit_is_refused_before_the_body(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 2_000_001)
        server.released.wait(10)

    assert_fails(server, target, "has 2000001 bytes", behaviour)


def test_an_endless_body_is_cut_at_the_limit(server: Server, target: Path) -> None:
    sent = 0

    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        head(handler, None)
        while sent < 50_000_000:
            sent += handler.wfile.write(bytes(64_000))

    def until_hung_up(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            behaviour(handler)

    assert_fails(server, target, "more than 2000000 bytes", until_hung_up)
    assert sent < 50_000_000


def test_other_bytes_than_pinned_are_refused(server: Server, target: Path) -> None:
    server.behaviour = send_all
    with pytest.raises(DownloadError, match="SHA-256"):
        download(server.url(), target, max_bytes=2_000_000, sha256="0" * 64)
    assert target.read_bytes() == b"before"
    assert list(target.parent.iterdir()) == [target]


def test_an_encoded_body_is_refused(server: Server, target: Path) -> None:
    assert_fails(server, target, "encoded as gzip", lambda handler: head(handler, 0, Content_Encoding="gzip"))


def test_a_server_that_stalls_in_the_body_is_given_up(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(CONTENT))
        handler.wfile.write(CONTENT[:1000])
        server.released.wait(10)

    assert_fails(server, target, "sent nothing for 0.2 seconds", behaviour, read_timeout=0.2)


def test_a_server_that_drips_headers_is_given_up(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not server.released.wait(0.02):
            handler.wfile.write(b"x")

    def until_hung_up(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            behaviour(handler)

    assert_fails(server, target, "longer than 0.5 seconds", until_hung_up, read_timeout=0.3, total_seconds=0.5)


def test_a_server_that_is_not_there_is_reported(target: Path) -> None:
    server = Server(("127.0.0.1", 0), Handler)
    url = server.url()
    server.server_close()
    with pytest.raises(DownloadError, match="could not be fetched"):
        download(url, target, max_bytes=100)


def test_something_else_than_http_is_reported(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    assert_fails(server, target, "could not be fetched", behaviour)


def test_a_caller_can_stop_a_download(server: Server, target: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if done:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        download(server.url(), target, max_bytes=len(CONTENT), progress=stop)
    assert target.read_bytes() == b"before"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_that_is_not_there_is_reported(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="could not be stored"):
        download(server.url(), tmp_path / "missing" / "file", max_bytes=len(CONTENT))


def test_messages_keep_secrets_of_the_address() -> None:
    assert shown("https://user:password@host:8443/a/b.zip?token=1#x") == "https://host:8443/a/b.zip"
