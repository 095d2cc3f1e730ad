"""The scan in workers: the same records as without, whatever happens to the workers."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets.scan import pool as scan_pool
from core.datasets.scan.file import Scanned, look_at, measured
from core.datasets.scan.index import scan_files
from core.errors import Cancelled, PawlabError
from core.images.limits import MAX_MEMORY
from core.jobs import pool
from core.jobs.budget import MemoryBudget
from core.jobs.pool_worker import SECONDS
from tests.drawing import image_bytes, write_images
from tests.workers import DEADLY, HANGS_WITH_THE_LOCK, ChangeWorkers


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_images(tmp_path / "data", {"cats": 150, "dogs": 60}, size=(16, 12))


def paths_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def by_hand(folder: Path) -> dict[str, Scanned]:
    """What this process finds, file by file."""
    return {path: measured([look_at(f"{folder}/{path}")])[0] for path in paths_in(folder)}


def usable(results: dict[str, Scanned]) -> dict[str, Scanned]:
    return {path: scanned for path, scanned in results.items() if not scanned.reason}


def reasons(results: dict[str, Scanned]) -> dict[str, str]:
    return {path: scanned.reason for path, scanned in results.items() if scanned.reason}


def test_workers_find_what_this_process_finds(folder: Path) -> None:
    for name in ['a "quoted" \\ name', "new\nline", "\U0001f436", "\u202egpj", "\x7f\x01", "x" * 200]:
        (folder / "cats" / f"{name}.png").write_bytes(image_bytes(7, format="PNG"))
    (folder / "dogs" / "empty.jpg").touch()
    (folder / "dogs" / "cut.jpg").write_bytes(image_bytes()[:300])
    os.mkfifo(folder / "dogs" / "pipe.jpg")
    results = scan_files(folder, paths_in(folder))
    assert results == by_hand(folder)
    assert len(results) == 219


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(0)", "raise SystemError"])
def test_a_file_that_crashes_the_decoder_is_a_record(folder: Path, deadly_images: ChangeWorkers, end: str) -> None:
    expected = by_hand(folder)
    for path in ("cats/bad.jpg", "dogs/bad too.jpg"):
        (folder / path).write_bytes(DEADLY)
    deadly_images(end)
    results = scan_files(folder, paths_in(folder))
    assert reasons(results) == dict.fromkeys(("cats/bad.jpg", "dogs/bad too.jpg"), "the decoder crashed on it")
    assert results["cats/bad.jpg"].digest == look_at(f"{folder}/cats/bad.jpg")[0].digest
    assert usable(results) == expected
    deadly_images("pass")
    assert scan_files(folder, paths_in(folder)) == results  # remembered


def test_a_file_that_hangs_the_decoder_is_a_record(
    folder: Path, deadly_images: ChangeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even with Python's lock in the decoder's hands."""
    (folder / "cats" / "bad.jpg").write_bytes(DEADLY)
    deadly_images(HANGS_WITH_THE_LOCK)
    monkeypatch.setattr(pool, "SECONDS", 8)
    results = scan_files(folder, paths_in(folder))
    assert reasons(results) == {"cats/bad.jpg": "decoding it took more than 8 seconds"}
    assert len(usable(results)) == 210


@pytest.mark.parametrize("rows", ['[[1, 2, "x", "cat"]] * 9', "[[1]]", "[]", "{}", "7", '"row"'])
def test_a_worker_that_talks_nonsense_is_not_believed(tmp_path: Path, change_workers: ChangeWorkers, rows: str) -> None:
    """Nor waited for."""
    folder = write_images(tmp_path / "data", {"cats": 2, "dogs": 3}, size=(16, 12))
    change_workers(f"""
        import time
        from core.datasets.scan import serve
        def lie(arguments, _):
            yield {rows}, b""
            time.sleep(1000)
        serve.serve = lie
    """)
    results = scan_files(folder, ["cats/1.jpg", "dogs/2.jpg"])
    assert reasons(results) == dict.fromkeys(("cats/1.jpg", "dogs/2.jpg"), "the decoder crashed on it")


def test_without_processes_it_says_so(
    folder: Path, change_workers: ChangeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_workers("")
    monkeypatch.setattr(pool, "COMMAND", ["/nowhere/python"])
    with pytest.raises(PawlabError, match="No process for decoding images could be started"):
        scan_files(folder, paths_in(folder))


def test_large_images_wait_for_memory(
    folder: Path, change_workers: ChangeWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = folder.parent / "log"
    change_workers(f"""
        import time
        from core.images import decode
        real = decode.to_grey
        def to_grey(image):
            with open({str(log)!r}, "a") as file: file.write("+")
            time.sleep(0.01)
            with open({str(log)!r}, "a") as file: file.write("-")
            return real(image)
        decode.to_grey = to_grey
    """)
    monkeypatch.setattr(scan_pool, "SMALL_MEMORY", 1)
    monkeypatch.setattr(scan_pool, "LARGE_IMAGES", OneAtATime(MAX_MEMORY))
    paths = paths_in(folder)[:70]
    assert len(usable(scan_files(folder, paths))) == 70
    assert log.read_text() == "+-" * 70


class OneAtATime(MemoryBudget):
    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        with super().take(self.total):
            yield


def test_two_scans_share_the_workers(folder: Path) -> None:
    """And other work finds one free meanwhile."""
    expected = by_hand(folder)
    first = scan_pool.scan_in_processes(folder, paths_in(folder))
    next(first)
    assert scan_files(folder, paths_in(folder)) == expected
    first.close()


# --- being stopped ---------------------------------------------------------------------------------------------------


def test_cancelling_ends_at_once_what_takes_for_ever(folder: Path, deadly_images: ChangeWorkers) -> None:
    """In the middle of a file, and without a reply to wait for."""
    deadly_images("time.sleep(1000)")
    (folder / "cats" / "bad.jpg").write_bytes(DEADLY)
    calls = 0

    def cancel(phase: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 8:  # more than there are replies
            raise Cancelled("stopped")

    began = time.monotonic()
    with pytest.raises(Cancelled):
        scan_files(folder, paths_in(folder), cancel)
    assert time.monotonic() - began < SECONDS
    busy = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert len(busy) <= pool.NUM_PROCESSES + pool.SPARE


# --- requests --------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=4100), max_size=300))
def test_requests_hold_every_path_once_and_stay_short(paths: list[str]) -> None:
    batches = list(scan_pool._batches(paths))
    assert [path for batch in batches for path in batch] == paths
    for batch in batches:
        assert 1 <= len(batch) <= scan_pool.BATCH
        assert len(batch) == 1 or sum(map(len, batch)) <= scan_pool.BATCH_CHARACTERS
