"""Zips on the web: fetched once, found again, and nothing secret of their address is remembered."""

import hashlib
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from core.datasets import open_dataset, remote
from core.datasets.remote import bytes_so_far, fetch_zip
from core.datasets.source import Source, resolve_source
from core.errors import ArchiveError, Cancelled, DownloadError
from tests.drawing import image_bytes, make_zip, write_images, zip_folder
from tests.serving import Server, head, sender


@pytest.fixture(scope="module")
def pets(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A zip of 400 KB: large enough to be continued."""
    folder = write_images(tmp_path_factory.mktemp("pets"), {"cats": 4, "dogs": 4})
    (folder / "cats" / "notes.txt").write_bytes(hashlib.shake_256(b"notes").digest(400_000))
    return zip_folder(folder)


def at(server: Server, path: str = "/file.bin") -> Source:
    return resolve_source(server.url(path))


def stored(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "downloads").iterdir() if not path.name.startswith("."))


def test_an_address_is_a_source(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets)
    dataset = open_dataset(server.url("/our%20pets.zip"))
    assert (dataset.name, dataset.source.kind, dataset.source.text) == (
        "our pets",
        "web",
        server.url("/our%20pets.zip"),
    )
    assert len(dataset.usable()) == 8


def test_a_zip_is_fetched_once(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets)
    assert open_dataset(server.url()).fingerprint == open_dataset(server.url()).fingerprint
    assert len(server.paths) == 1
    assert at(server).path.is_file()


def test_a_zip_that_changed_is_fetched_again_when_asked(server: Server, pets: bytes) -> None:
    source = at(server)
    server.behaviour = sender(pets)
    fetch_zip(source)
    server.behaviour = sender(make_zip({"cats/1.jpg": image_bytes(1), "dogs/2.jpg": image_bytes(2)}))
    fetch_zip(source, again=True)
    assert len(open_dataset(source, validation_split=0.5).records) == 2


def test_the_old_zip_stays_where_fetching_again_fails(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets)
    path = fetch_zip(at(server))
    server.behaviour = sender(b"PK\x03\x04 and no end")
    with pytest.raises(DownloadError, match="damaged"):
        fetch_zip(at(server), again=True)
    assert path.read_bytes() == pets


def test_a_server_that_breaks_off_is_asked_again_at_once(server: Server, pets: bytes) -> None:
    def breaks(handler: BaseHTTPRequestHandler) -> None:
        sender(pets, until=[300_000, len(pets)][min(1, len(server.paths) - 1)])(handler)

    server.behaviour = breaks
    assert fetch_zip(at(server)).read_bytes() == pets
    assert len(server.paths) == 2
    assert server.asked[1] > "bytes=1"


def test_a_server_that_brings_nothing_more_is_given_up(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets, until=300_000)
    with pytest.raises(DownloadError, match=r"Try again: it continues after the 0\.3 MB"):
        fetch_zip(at(server))
    assert len(server.paths) <= 3
    assert bytes_so_far(at(server)) > 200_000
    server.behaviour = sender(pets)
    assert len(open_dataset(server.url()).usable()) == 8
    assert bytes_so_far(at(server)) == 0


def test_a_stall_is_given_up(server: Server, pets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def stalls(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(pets))
        handler.wfile.write(pets[:1000])
        server.released.wait(10)

    monkeypatch.setattr(remote, "READ_SECONDS", 0.2)
    server.behaviour = stalls
    with pytest.raises(DownloadError, match=r"nothing came for 0\.2 seconds"):
        fetch_zip(at(server))


def test_a_drip_is_given_up(server: Server, pets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def drips(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(pets))
        for byte in pets:
            if server.released.wait(0.02):
                return
            try:
                handler.wfile.write(bytes([byte]))
            except OSError:
                return

    monkeypatch.setattr(remote, "TOTAL_SECONDS", 1.0)
    server.behaviour = drips
    with pytest.raises(DownloadError, match="longer than"):
        fetch_zip(at(server))


def test_redirects_are_followed_and_the_source_is_the_first_address(server: Server, pets: bytes) -> None:
    def moved(handler: BaseHTTPRequestHandler) -> None:
        sender(pets)(handler) if handler.path == "/there" else head(handler, 0, 302, Location="/there")

    server.behaviour = moved
    assert open_dataset(server.url("/here.zip")).source.text == server.url("/here.zip")


REFUSED = [
    ("page", b"<!DOCTYPE html><html>Sign in</html>", 200, "it begins with .*Expected a zip. Give the address"),
    ("nothing", b"", 200, "sends nothing"),
    ("gone", b"", 404, "answers 404 Not Found"),
    ("cut", b"PK\x03\x04" + bytes(1000), 200, "damaged"),
]


@pytest.mark.parametrize(("path", "content", "status", "reason"), REFUSED)
def test_what_is_no_zip_is_refused_and_not_kept(
    server: Server, pawlab_home: Path, path: str, content: bytes, status: int, reason: str
) -> None:
    def behaviour(handler: BaseHTTPRequestHandler) -> None:
        head(handler, len(content), status)
        handler.wfile.write(content)

    server.behaviour = behaviour
    with pytest.raises(DownloadError, match=reason):
        open_dataset(server.url(f"/{path}"))
    assert stored(pawlab_home) == []


def test_an_endless_redirect_ends(server: Server) -> None:
    server.behaviour = lambda handler: head(handler, 0, 302, Location="/again")
    with pytest.raises(DownloadError, match="more than 5 times"):
        fetch_zip(at(server))


def test_more_bytes_than_allowed_are_refused(server: Server, pets: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MAX_BYTES", 100_000)
    server.behaviour = sender(pets)
    with pytest.raises(DownloadError, match="at most 100,000"):
        fetch_zip(at(server))


def test_a_zip_with_wrong_bytes_within_is_not_kept(server: Server, pets: bytes, pawlab_home: Path) -> None:
    server.behaviour = sender(pets[:200_000] + b"?" + pets[200_001:])
    with pytest.raises(ArchiveError):
        open_dataset(server.url())
    assert not [name for name in stored(pawlab_home) if name.endswith(".zip")]
    server.behaviour = sender(pets)
    assert len(open_dataset(server.url()).usable()) == 8


def test_stopping_keeps_what_came(server: Server, pets: bytes) -> None:
    def stop(phase: str, done: int, total: int) -> None:
        if done > 200_000:
            raise Cancelled("Stopped")

    server.behaviour = sender(pets)
    with pytest.raises(Cancelled):
        fetch_zip(at(server), stop)
    assert bytes_so_far(at(server)) > 200_000


SECRET = "/our pets.zip?token=hush#hush"


def secret_url(server: Server) -> str:
    return server.url(SECRET).replace("//", "//me:hush@")


def test_nothing_secret_is_remembered_recorded_or_said(server: Server, pets: bytes, pawlab_home: Path) -> None:
    url = secret_url(server)
    with pytest.raises(DownloadError) as raised:
        open_dataset(url)
    server.behaviour = sender(pets)
    dataset = open_dataset(url)
    assert "hush" not in f"{raised.value} {dataset.source} {dataset.source.text} {dataset.name}"
    texts = [path.read_bytes() for path in pawlab_home.rglob("*.json")]
    assert texts
    assert not [text for text in texts if b"hush" in text]


def test_the_remembered_source_opens_the_stored_zip_without_a_network(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets)
    first = open_dataset(secret_url(server))
    again = open_dataset(first.source.text)
    assert (again.source, again.fingerprint, again.name) == (first.source, first.fingerprint, first.name)
    assert len(server.paths) == 1


def test_a_remembered_source_whose_zip_is_gone_asks_for_the_address(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets)
    source = resolve_source(open_dataset(secret_url(server)).source.text)
    source.path.unlink()
    with pytest.raises(DownloadError, match="full address"):
        open_dataset(source)
    assert len(server.paths) == 1


def test_what_was_fetched_is_written_down(server: Server, pets: bytes) -> None:
    server.behaviour = sender(pets)
    note = json.loads(fetch_zip(at(server)).with_suffix(".json").read_bytes())
    assert note["sha256"] == hashlib.sha256(pets).hexdigest()
    assert note["bytes"] == len(pets)


def test_two_that_fetch_the_same_zip_at_once_both_get_it(
    server: Server, pets: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other's file takes this one's place while both look at it."""
    server.behaviour = sender(pets)
    real = remote._fetch

    def overtaken(url: str, arrived: Path, *rest: Any) -> str:
        digest = real(url, arrived, *rest)
        arrived.replace(arrived.with_suffix(".zip"))
        return digest

    monkeypatch.setattr(remote, "_fetch", overtaken)
    assert fetch_zip(at(server, "/pets.zip")).read_bytes() == pets
