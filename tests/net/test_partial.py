"""Downloads that break and go on, from a real server: whatever happens, the file is one that the server has."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Cancelled, DownloadError
from core.net.download import download, kept_bytes
from core.net.stream import Limits
from tests.serving import Behaviour, Server, head, sender

SIZE = 1_500_000
CONTENT = np.random.default_rng(0).bytes(SIZE)
OTHER = np.random.default_rng(1).bytes(SIZE)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "zip"


def fetch(server: Server, target: Path, behaviour: Behaviour | None = None) -> str:
    server.behaviour = behaviour or server.behaviour
    return download(server.url(), target, Limits(2_000_000, read_seconds=2.0))


def break_off(server: Server, target: Path, behaviour: Behaviour | None = None) -> int:
    """A download that breaks after two thirds; gives the bytes that it leaves."""
    with pytest.raises(DownloadError):
        fetch(server, target, behaviour or sender(CONTENT, until=1_000_000))
    assert not target.exists()
    return kept_bytes(target)


def assert_whole(target: Path, content: bytes, digest: str) -> None:
    assert target.read_bytes() == content
    assert digest == hashlib.sha256(content).hexdigest()
    assert {path.name for path in target.parent.glob("*zip*")} == {"zip", ".zip.lock"}


def test_a_broken_download_goes_on_where_it_broke(server: Server, target: Path) -> None:
    kept = break_off(server, target)
    assert kept > 500_000
    assert_whole(target, CONTENT, fetch(server, target, sender(CONTENT)))
    assert server.asked == ["", f"bytes={kept}-"]


def test_progress_goes_on_too(server: Server, target: Path) -> None:
    kept = break_off(server, target)
    server.behaviour = sender(CONTENT)
    counts: list[int] = []
    download(server.url(), target, Limits(SIZE), lambda phase, done, total: counts.append(done or kept))
    assert min(counts) == kept
    assert counts[-1] == SIZE


@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(1, SIZE - 1), max_size=4))
def test_any_number_of_breaks_gives_the_same_file(
    server: Server, tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    target = tmp_path_factory.mktemp("cuts", numbered=True) / "zip"
    for cut in cuts:
        with pytest.raises(DownloadError):
            fetch(server, target, sender(CONTENT, until=cut))
    assert_whole(target, CONTENT, fetch(server, target, sender(CONTENT)))


def test_a_file_that_changed_meanwhile_is_fetched_anew(server: Server, target: Path) -> None:
    break_off(server, target)
    assert_whole(target, OTHER, fetch(server, target, sender(OTHER, etag='"2"')))


def test_a_file_that_became_shorter_is_fetched_anew(server: Server, target: Path) -> None:
    break_off(server, target)
    assert_whole(target, OTHER[:700_000], fetch(server, target, sender(OTHER[:700_000], etag='"2"')))


def test_a_server_that_ignores_ranges_starts_anew(server: Server, target: Path) -> None:
    def whole(handler: BaseHTTPRequestHandler) -> None:
        head(handler, SIZE, ETag='"1"')
        handler.wfile.write(CONTENT)

    break_off(server, target)
    assert_whole(target, CONTENT, fetch(server, target, whole))
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "part",
    [
        "bytes 0-{last}/{size}",
        "bytes {start}-{last}/*",
        "bytes {start}-{start}/{size}",
        "bytes {start}-{last}/9",
        "",
        "?",
    ],
)
def test_a_part_that_is_not_the_one_asked_for_is_not_used(server: Server, target: Path, part: str) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        range_ = handler.headers.get("Range", "")
        start = int(range_[6:-1]) if range_ else 0
        headers = {"Content_Range": part.format(start=start, last=SIZE - 1, size=SIZE)} if range_ and part else {}
        head(handler, SIZE - start, 206 if range_ else 200, ETag='"1"', **headers)
        handler.wfile.write(CONTENT[start:])

    break_off(server, target)
    assert_whole(target, CONTENT, fetch(server, target, behaviour))
    assert server.asked[2] == ""


def test_a_part_of_another_file_is_not_used(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        range_ = handler.headers.get("Range", "")
        start = int(range_[6:-1]) if range_ else 0
        headers = {"Content_Range": f"bytes {start}-{SIZE - 1}/{SIZE}"} if range_ else {}
        head(handler, SIZE - start, 206 if range_ else 200, ETag='"2"', **headers)  # does not know If-Range
        handler.wfile.write(OTHER[start:])

    break_off(server, target)
    assert_whole(target, OTHER, fetch(server, target, behaviour))


def test_a_range_that_cannot_be_had_starts_anew(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 0, 416) if "Range" in handler.headers else sender(OTHER, etag='"2"')(handler)

    break_off(server, target)
    assert_whole(target, OTHER, fetch(server, target, behaviour))


@pytest.mark.parametrize("status", [404, 403, 500, 503])
def test_an_error_in_between_costs_nothing_that_came(server: Server, target: Path, status: int) -> None:
    kept = break_off(server, target)
    with pytest.raises(DownloadError, match=str(status)):
        fetch(server, target, lambda handler: head(handler, 0, status))
    assert kept_bytes(target) == kept
    assert_whole(target, CONTENT, fetch(server, target, sender(CONTENT)))


@pytest.mark.parametrize("etag", ["", 'W/"1"'])
def test_without_a_strong_validator_nothing_is_kept(server: Server, target: Path, etag: str) -> None:
    assert break_off(server, target, sender(CONTENT, etag, until=1_000_000)) == 0
    assert list(target.parent.glob("*.part*")) == []
    fetch(server, target, sender(CONTENT, etag))
    assert server.asked == ["", ""]


def test_wrong_content_is_not_kept(server: Server, target: Path) -> None:
    break_off(server, target)
    server.behaviour = sender(CONTENT)
    with pytest.raises(DownloadError, match="damaged"):
        download(server.url(), target, Limits(SIZE, intact=lambda file: False))
    assert kept_bytes(target) == 0
    assert not target.exists()


def test_a_sum_is_that_of_both_parts(server: Server, target: Path) -> None:
    break_off(server, target)
    server.behaviour = sender(CONTENT)
    assert download(server.url(), target, Limits(SIZE)) == hashlib.sha256(CONTENT).hexdigest()


def test_bytes_without_their_etag_are_dropped(server: Server, target: Path) -> None:
    break_off(server, target)
    target.with_name(".zip.etag").unlink()
    assert_whole(target, CONTENT, fetch(server, target, sender(CONTENT)))
    assert server.asked == ["", ""]


def test_more_bytes_than_the_whole_are_dropped(server: Server, target: Path) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, 0, 416) if "Range" in handler.headers else sender(CONTENT)(handler)

    break_off(server, target)
    with target.with_name(".zip.part").open("ab") as file:
        file.write(bytes(SIZE))
    assert_whole(target, CONTENT, fetch(server, target, behaviour))


def test_a_stopped_download_goes_on(server: Server, target: Path) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if done > 600_000:
            raise Cancelled("Stopped")

    server.behaviour = sender(CONTENT)
    with pytest.raises(Cancelled):
        download(server.url(), target, Limits(SIZE), stop)
    kept = kept_bytes(target)
    assert kept > 500_000
    assert_whole(target, CONTENT, fetch(server, target))
    assert server.asked == ["", f"bytes={kept}-"]


def test_a_killed_download_goes_on(server: Server, target: Path) -> None:
    def stalls(handler: BaseHTTPRequestHandler) -> None:
        head(handler, SIZE, ETag='"1"')
        handler.wfile.write(CONTENT[:1_000_000])
        server.released.wait(30)

    server.behaviour = stalls
    code = "import sys, pathlib; from core.net.download import download; from core.net.stream import Limits; "
    code += "download(sys.argv[1], pathlib.Path(sys.argv[2]), Limits(2_000_000, read_seconds=60))"
    process = subprocess.Popen([sys.executable, "-c", code, server.url(), str(target)])
    deadline = time.monotonic() + 30
    while kept_bytes(target) < 500_000 and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert_whole(target, CONTENT, fetch(server, target, sender(CONTENT)))
    assert server.asked[1] > "bytes=400000"


def test_a_second_download_at_once_leaves_the_first_ones_bytes_alone(server: Server, target: Path) -> None:
    half = threading.Event()

    def waits(handler: BaseHTTPRequestHandler) -> None:
        head(handler, SIZE, ETag='"1"')
        handler.wfile.write(CONTENT[:1_000_000])
        half.wait(20)
        handler.wfile.write(CONTENT[1_000_000:])

    server.behaviour = waits
    url, digests = server.url(), list[str]()
    first = threading.Thread(target=lambda: digests.append(download(url, target, Limits(SIZE, read_seconds=30))))
    first.start()
    while kept_bytes(target) < 500_000:
        time.sleep(0.02)
    other = target.with_name("copy")
    server.behaviour = sender(CONTENT)
    digest = fetch(server, target)
    assert target.read_bytes() == CONTENT
    target.rename(other)
    half.set()
    first.join()
    assert digests == [digest]
    assert target.read_bytes() == CONTENT
