"""Downloads from a real server on this machine that misbehaves in every way that we know."""

import hashlib
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from core.errors import Cancelled, DownloadError
from core.jobs.progress import Progress, silent
from core.net.download import download
from core.net.stream import Limits
from tests.serving import Behaviour, Handler, Server, head

CONTENT = bytes(range(256)) * 4000  # 1,024,000 bytes, more than one chunk
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def sends_all(server: Server) -> None:
    server.behaviour = send_all


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A file that was there before: a failure must leave it as it is."""
    target = tmp_path / "target.bin"
    target.write_bytes(b"before")
    return target


def fetch(url: str, target: Path, progress: Progress = silent, **limits: Any) -> str:
    return download(url, target, Limits(**limits), progress)


def left_beside(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target and path.suffix != ".lock")


def send_all(handler: BaseHTTPRequestHandler) -> None:
    head(handler, len(CONTENT))
    handler.wfile.write(CONTENT)


def assert_fails(
    server: Server,
    target: Path,
    reason: str,
    behaviour: Behaviour,
    read_seconds: float = 10.0,
    total_seconds: float = 60.0,
) -> None:
    """The download fails for that reason and within 5 s, leaves the old file and nothing beside it."""
    server.behaviour = behaviour
    started = time.monotonic()
    with pytest.raises(DownloadError, match=reason) as raised:
        fetch(server.url(), target, max_bytes=2_000_000, read_seconds=read_seconds, total_seconds=total_seconds)
    assert time.monotonic() - started < 5
    assert "\n" not in str(raised.value)
    assert target.read_bytes() == b"before"
    assert left_beside(target) == []


def test_a_file_arrives_whole_and_progress_counts_its_bytes(server: Server, target: Path) -> None:
    states: list[tuple[str, int, int]] = []
    digest = fetch(server.url(), target, max_bytes=len(CONTENT), progress=lambda *state: states.append(state))
    assert target.read_bytes() == CONTENT
    assert digest == SHA256
    assert left_beside(target) == []
    known = [state for state in states if state[2]]  # before the server has answered nobody knows how much it is
    assert known[0] == ("download", 0, len(CONTENT))
    assert states[-1] == ("download", len(CONTENT), len(CONTENT))
    assert [done for _, done, _ in states] == sorted(done for _, done, _ in states)
    assert len(states) > 2


def test_a_file_of_unannounced_length_arrives(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None)
        handler.wfile.write(CONTENT)

    server.behaviour = behaviour
    assert fetch(server.url(), target, max_bytes=len(CONTENT)) == SHA256


def test_redirects_are_followed(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        step = int(handler.path.strip("/"))
        send_all(handler) if step == 5 else head(handler, 0, 302, Location=f"/{step + 1}")

    server.behaviour = behaviour
    assert fetch(server.url("/0"), target, max_bytes=len(CONTENT)) == SHA256
    assert server.paths == ["/0", "/1", "/2", "/3", "/4", "/5"]


def test_a_redirect_loop_ends_after_five(server: Server, target: Path) -> None:
    assert_fails(server, target, "more than 5 times", lambda handler: head(handler, 0, 302, Location="/again"))
    assert len(server.paths) == 6


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x", "//["])
def test_a_redirect_elsewhere_than_http_is_refused(server: Server, target: Path, location: str) -> None:
    def redirect(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 0, 302, Location=location)

    assert_fails(server, target, "leads to|could not be fetched|no host", redirect)
    assert server.paths == ["/file.bin"]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "/etc/passwd", "ftp://127.0.0.1/x", "http://", "", "http://[::"])
def test_an_address_that_is_not_http_is_refused(target: Path, url: str) -> None:
    with pytest.raises(DownloadError):
        fetch(url, target, max_bytes=100)
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

    assert_fails(server, target, "more than 2,000,000 bytes", behaviour)


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

    assert_fails(server, target, "more than 2,000,000 bytes", until_hung_up)
    assert sent < 50_000_000


def test_a_file_that_is_not_intact_is_refused(server: Server, target: Path) -> None:
    with pytest.raises(DownloadError, match="damaged"):
        fetch(server.url(), target, max_bytes=2_000_000, intact=lambda file: file.read_bytes() != CONTENT)
    assert target.read_bytes() == b"before"
    assert left_beside(target) == []


def test_a_server_that_stalls_in_the_body_is_given_up(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(CONTENT))
        handler.wfile.write(CONTENT[:1000])
        server.released.wait(10)

    assert_fails(server, target, "nothing came for 0.2 seconds", behaviour, read_seconds=0.2)


def test_a_server_that_drips_headers_is_given_up(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not server.released.wait(0.02):
            handler.wfile.write(b"x")

    def until_hung_up(handler: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            behaviour(handler)

    assert_fails(server, target, "longer than 0.5 seconds", until_hung_up, read_seconds=0.3, total_seconds=0.5)


def test_a_server_that_is_not_there_is_reported(target: Path) -> None:
    server = Server(("127.0.0.1", 0), Handler)
    url = server.url()
    server.server_close()
    with pytest.raises(DownloadError, match="could not be fetched"):
        fetch(url, target, max_bytes=100)


def test_something_else_than_http_is_reported(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"SSH-2.0-OpenSSH\r\n")

    assert_fails(server, target, "could not be fetched", behaviour)


def test_a_caller_can_stop_a_download(server: Server, target: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if done:
            raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        fetch(server.url(), target, max_bytes=len(CONTENT), progress=stop)
    assert target.read_bytes() == b"before"
    assert left_beside(target) == []


def test_a_folder_that_is_not_there_is_reported(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="could not be stored"):
        fetch(server.url(), tmp_path / "missing" / "file", max_bytes=len(CONTENT))


def test_a_message_about_a_bad_address_does_not_quote_it(target: Path) -> None:
    for url in ("http://user:secret:x@host/a", "http://user:pa/secret@host/a", "https://user:secret@[::1/a"):
        with pytest.raises(DownloadError) as raised:
            fetch(url, target, max_bytes=100, connect_seconds=0.5)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize("content", [b"<html>", b"P", b"", b"pK\x03\x04"])
def test_content_that_begins_otherwise_is_refused(server: Server, target: Path, content: bytes) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, None)
        handler.wfile.write(content)

    server.behaviour = behaviour
    with pytest.raises(DownloadError, match="Expected a zip"):
        fetch(
            server.url(),
            target,
            max_bytes=2_000_000,
            kind="a zip",
            begins=lambda begin: begin.startswith(b"PK\x03\x04"),
        )
    assert target.read_bytes() == b"before"


def test_a_wait_can_be_stopped_while_nothing_comes(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        server.released.wait(10)

    calls = 0

    def stop(phase: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Cancelled("Stopped")

    server.behaviour = behaviour
    started = time.monotonic()
    with pytest.raises(Cancelled):
        fetch(server.url(), target, max_bytes=100, read_seconds=9, progress=stop)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("stopped", [True, False])
def test_a_handshake_that_hangs_holds_nobody_up(target: Path, stopped: bool) -> None:
    def progress(phase: str, done: int, total: int) -> None:
        if stopped:
            raise Cancelled("Stopped")

    with socket.create_server(("127.0.0.1", 0)) as silent_server:  # connects, by the system, and says nothing
        url, started = f"https://127.0.0.1:{silent_server.getsockname()[1]}/", time.monotonic()
        with pytest.raises(Cancelled if stopped else DownloadError):
            fetch(url, target, progress, max_bytes=100, connect_seconds=30, total_seconds=0.5)
        assert time.monotonic() - started < 5


def test_the_proxy_that_the_environment_names_is_used(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("NO_PROXY", "")
    assert fetch("http://pets.example/file.bin", target, max_bytes=len(CONTENT)) == SHA256
    assert server.paths == ["http://pets.example/file.bin"]


@pytest.mark.parametrize("stopped", [True, False])
def test_a_name_whose_look_up_hangs_holds_nobody_up(
    target: Path, monkeypatch: pytest.MonkeyPatch, stopped: bool
) -> None:
    """Neither the limit of seconds nor a stop waits for the system's answer, which may take minutes."""
    released, answered = threading.Event(), threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        released.wait(30)
        answered.set()
        return []

    def progress(phase: str, done: int, total: int) -> None:
        if stopped:
            raise Cancelled("Stopped")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(Cancelled if stopped else DownloadError):
        fetch("http://pets.example/a.zip", target, max_bytes=100, total_seconds=0.5, progress=progress)
    assert not answered.is_set()
    released.set()
