"""The scan: what it finds out about a file, what it remembers, and how it is stopped."""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.datasets.scan import index as scan
from core.datasets.scan.file import from_row
from core.datasets.scan.index import scan_files
from core.datasets.scan.pool import Results, scan_in_processes
from core.errors import Cancelled
from core.images.decode import ImageFacts
from tests.drawing import image_bytes, write_images
from tests.mutations import mutated
from tests.workers import ChangeWorkers


class Decodes:
    """Counts the files that the scan reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        monkeypatch.setattr(scan, "scan_in_processes", self)

    def __call__(self, root: Path, paths: Sequence[str]) -> Iterator[Results]:
        for results in scan_in_processes(root, paths):
            self.count += len(results)
            yield results

    def of(self, work: Callable[[], object]) -> int:
        self.count = 0
        work()
        return self.count


@pytest.fixture
def decodes(monkeypatch: pytest.MonkeyPatch) -> Decodes:
    return Decodes(monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_images(tmp_path / "data", {"cats": 6, "dogs": 5})


def paths_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def memory(home: Path) -> Path:
    (path,) = (home / "cache" / "index").iterdir()
    return path


def test_a_image_has_its_digest_size_and_facts(folder: Path) -> None:
    path = folder / "cats" / "0.jpg"
    found = scan_files(folder, ["cats/0.jpg"])["cats/0.jpg"]
    assert found.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.bytes, found.changed) == (path.stat().st_size, path.stat().st_mtime_ns)
    assert (found.facts, found.reason) == (ImageFacts(64, 48, "JPEG", "RGB"), "")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file is empty"),
        (b"some text", "not an image in a format that we read"),
        (image_bytes()[:300], "the image is cut off"),
        (image_bytes(format="PNG")[:100], "the image is cut off"),
    ],
)
def test_what_does_not_decode_has_a_reason_and_its_digest(folder: Path, content: bytes, reason: str) -> None:
    (folder / "cats" / "bad.jpg").write_bytes(content)
    found = scan_files(folder, paths_in(folder))
    assert found["cats/bad.jpg"].reason.startswith(reason)
    assert found["cats/bad.jpg"].facts is None
    assert found["cats/bad.jpg"].digest == hashlib.sha256(content).hexdigest()
    assert sum(not one.reason for one in found.values()) == 11


def test_what_cannot_be_read_has_a_reason_and_no_digest(folder: Path) -> None:
    os.mkfifo(folder / "cats" / "pipe.jpg")
    (folder / "cats" / "folder.jpg").mkdir()
    with (folder / "cats" / "large.jpg").open("wb") as file:
        file.truncate(65 * 2**20)
    names = ["cats/pipe.jpg", "cats/folder.jpg", "cats/large.jpg", "cats/missing.jpg"]
    found = scan_files(folder, names)
    assert [found[name].digest for name in names] == [""] * 4
    assert [found[name].reason.split(":")[0] for name in names] == [
        "not a file",
        "not a file",
        "the file has 65 MB",
        "the file cannot be read",
    ]


def test_the_result_has_every_path_and_no_other(folder: Path) -> None:
    assert list(scan_files(folder, ["dogs/1.jpg", "cats/3.jpg"])) == ["dogs/1.jpg", "cats/3.jpg"]


# --- memory ----------------------------------------------------------------------------------------------------------


def test_an_unchanged_folder_is_not_decoded_again(folder: Path, decodes: Decodes) -> None:
    (folder / "cats" / "bad.jpg").write_bytes(b"text")
    paths = paths_in(folder)
    first = scan_files(folder, paths)
    assert decodes.count == 12
    assert decodes.of(lambda: scan_files(folder, paths)) == 0
    assert scan_files(folder, paths) == first


def test_ten_new_files_are_ten_decodes(folder: Path, decodes: Decodes) -> None:
    scan_files(folder, paths_in(folder))
    write_images(folder, {"birds": 10})
    assert decodes.of(lambda: scan_files(folder, paths_in(folder))) == 10


def test_a_file_of_another_size_or_time_is_decoded_again(folder: Path, decodes: Decodes) -> None:
    scan_files(folder, paths_in(folder))
    path = folder / "cats" / "0.jpg"
    path.write_bytes(b"text now")
    found: list[Any] = []
    assert decodes.of(lambda: found.append(scan_files(folder, paths_in(folder)))) == 1
    assert found[0]["cats/0.jpg"].reason
    os.utime(folder / "dogs" / "1.jpg", ns=(1, 1))
    assert decodes.of(lambda: scan_files(folder, paths_in(folder))) == 1


def test_a_file_that_went_away_is_forgotten(folder: Path, pawlab_home: Path) -> None:
    scan_files(folder, paths_in(folder))
    (folder / "cats" / "0.jpg").unlink()
    assert len(scan_files(folder, paths_in(folder))) == 10
    assert len(memory(pawlab_home).read_text().splitlines()) == 1 + 10


def test_what_could_not_be_read_is_tried_again(folder: Path, change_workers: ChangeWorkers) -> None:
    """A changed permission leaves no trace in a file's size or time."""
    change_workers("""
        from core.datasets.scan import file
        from core.errors import ImageError
        def deny(path):
            raise ImageError("the file cannot be read: Permission denied")
        file.read_image_file = deny
    """)
    assert scan_files(folder, ["cats/0.jpg"])["cats/0.jpg"].reason == "the file cannot be read: Permission denied"
    change_workers("")
    assert scan_files(folder, ["cats/0.jpg"])["cats/0.jpg"].reason == ""


def test_another_decoder_looks_again(folder: Path, decodes: Decodes, monkeypatch: pytest.MonkeyPatch) -> None:
    scan_files(folder, paths_in(folder))
    monkeypatch.setattr(scan, "DECODER", "another")
    assert decodes.of(lambda: scan_files(folder, paths_in(folder))) == 11


def test_a_memory_that_cannot_be_written_costs_only_the_next_scan(folder: Path, tmp_path: Path) -> None:
    """Nor does it hide why a scan was stopped."""
    scan._memory(folder).mkdir()  # in the way of the file
    assert len(scan_files(folder, ["cats/0.jpg"])) == 1

    def stop(phase: str, done: int, total: int) -> None:
        raise Cancelled("Stopped")

    with pytest.raises(Cancelled):
        scan_files(folder, ["cats/0.jpg"], stop)


def test_two_folders_do_not_share_a_memory(folder: Path, tmp_path: Path, decodes: Decodes) -> None:
    other = write_images(tmp_path / "other", {"cats": 2})
    scan_files(folder, paths_in(folder))
    scan_files(other, paths_in(other))
    assert decodes.of(lambda: (scan_files(folder, paths_in(folder)), scan_files(other, paths_in(other)))) == 0


def test_a_folder_reached_by_a_link_shares_its_memory(folder: Path, tmp_path: Path, decodes: Decodes) -> None:
    (tmp_path / "link").symlink_to(folder)
    scan_files(folder, paths_in(folder))
    assert decodes.of(lambda: scan_files(tmp_path / "link", paths_in(folder))) == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"null",
        b"7",
        b'["another"]\n%s',
        b'["1, Pillow %d"]\n' % 9,
        b"%d\n{",
        b"%d\n" + b"[" * 100_000,
        b"%d\n\xff\xfe\n\n\n7\nnull\n{}\n[]\n[[]]\n[7, 8, 9]",
    ],
)
def test_a_broken_memory_is_made_again(folder: Path, pawlab_home: Path, decodes: Decodes, content: bytes) -> None:
    first = scan_files(folder, paths_in(folder))
    memory(pawlab_home).write_bytes(content.replace(b"%d", json.dumps([scan.DECODER]).encode()))
    assert decodes.of(lambda: scan_files(folder, paths_in(folder))) == 11
    assert scan_files(folder, paths_in(folder)) == first


DIGEST = "0" * 64
FACTS = [64, 48, "JPEG", "RGB", 1, 0.5, 100.0, 7.0, "00ff"]
FORGED: list[tuple[int, Any]] = [
    (0, 0),
    (0, "64"),
    (0, True),
    (1, -1),
    (2, None),
    (3, 7),
    (4, 0),
    (4, 1.0),
    (5, 1.1),
    (5, -0.1),
    (5, float("nan")),
    (5, 1),
    (6, -1.0),
    (6, float("inf")),
    (7, 8.5),
    (7, "7"),
    (8, ""),
    (8, "0"),
    (8, "xx"),
    (8, "00" * 5000),
    (8, None),
]


@pytest.mark.parametrize(
    "rest",
    [
        [],
        [DIGEST],
        [DIGEST, FACTS, 1],
        [None, FACTS],
        ["../../x", FACTS],
        [DIGEST + "0", FACTS],
        [DIGEST, None],
        [DIGEST, ""],
        [DIGEST, {}],
        [DIGEST, []],
        ["", FACTS],
        [DIGEST, FACTS[:8]],
        [DIGEST, [*FACTS, 1]],
        *([DIGEST, [*FACTS[:at], value, *FACTS[at + 1 :]]] for at, value in FORGED),
    ],
)
def test_a_forged_row_is_refused(rest: list[Any]) -> None:
    assert from_row([2000, 10**18, DIGEST, FACTS]).facts
    with pytest.raises(ValueError, match="no row of a scan"):
        from_row([2000, 10**18, *rest])


@pytest.mark.parametrize("row", [None, 7, "x", {}, {"0": 1}, [[]], [1, 2, 3, 4, 5], ["cats/0.jpg"]])
def test_a_row_of_another_kind_is_refused(row: Any) -> None:
    with pytest.raises(ValueError, match="no row of a scan"):
        from_row(row)


@given(seed=st.integers(0, 2**32))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_memory_changes_nothing(folder: Path, pawlab_home: Path, seed: int) -> None:
    first = scan_files(folder, paths_in(folder))
    memory(pawlab_home).write_bytes(mutated(memory(pawlab_home).read_bytes(), seed))
    assert scan_files(folder, paths_in(folder)) == first


def test_names_that_are_hard_to_write_down_are_remembered(folder: Path, decodes: Decodes) -> None:
    for name in ['a "quoted" \\ name', "new\nline", "\U0001f436", "\u202egpj", "\x7f\x01"]:
        (folder / "cats" / f"{name}.jpg").write_bytes(image_bytes())
    paths = paths_in(folder)
    scan_files(folder, paths)
    assert decodes.of(lambda: scan_files(folder, paths)) == 0


# --- progress --------------------------------------------------------------------------------------------------------


def test_progress_rises_to_the_total(folder: Path) -> None:
    calls: list[tuple[str, int, int]] = []
    scan_files(folder, paths_in(folder), lambda *call: calls.append(call))
    assert {(phase, total) for phase, _, total in calls} == {("scan", 11)}
    done = [done for _, done, _ in calls]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 11)


def test_progress_begins_with_what_is_remembered(folder: Path) -> None:
    scan_files(folder, paths_in(folder))
    write_images(folder, {"birds": 2})
    calls: list[tuple[str, int, int]] = []
    scan_files(folder, paths_in(folder), lambda *call: calls.append(call))
    assert (calls[0], calls[-1]) == (("scan", 11, 13), ("scan", 13, 13))


def test_cancelling_drops_the_work_that_waits(tmp_path: Path, decodes: Decodes) -> None:
    folder = write_images(tmp_path / "many", {"cats": 3000}, size=(8, 8))

    def cancel(phase: str, done: int, total: int) -> None:
        if done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        scan_files(folder, paths_in(folder), cancel)
    assert 0 < decodes.count < 1500
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("scan")]


def test_what_was_found_before_cancelling_is_remembered(tmp_path: Path, pawlab_home: Path, decodes: Decodes) -> None:
    folder = write_images(tmp_path / "data", {"cats": 300}, size=(8, 8))
    before = 0

    def cancel(phase: str, done: int, total: int) -> None:
        nonlocal before
        before = done
        if done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        scan_files(folder, paths_in(folder), cancel)
    assert [path.suffix for path in (pawlab_home / "cache" / "index").iterdir()] == [".jsonl"]
    assert 0 < before < 300
    assert decodes.of(lambda: scan_files(folder, paths_in(folder))) == 300 - before
