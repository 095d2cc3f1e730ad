"""The scan in processes: the same answers as without, whatever happens to the processes."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.datasets import scan, scan_pool, scan_process
from core.datasets.scan import scan_files
from core.datasets.scan_file import Scanned
from core.errors import Cancelled
from core.parallel import ordered_map
from tests.drawing import image_bytes, write_images

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(scan, "PROCESSES_FROM", 1)
    return write_images(tmp_path / "data", {"cats": 150, "dogs": 60}, size=(16, 12))


def paths_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def worker(monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """Scans with a worker to which something was done first; `work` is its `look_at`."""
    code = f"""
import os, re, sys, time
from core import images
from core.datasets import scan_process, scan_file as module
work = module.look_at
{textwrap.dedent(change)}
module.look_at = work
from core.datasets import scan_worker
scan_worker.main()
"""
    monkeypatch.setattr(scan_process, "COMMAND", [sys.executable, "-c", code])


def deadly(monkeypatch: pytest.MonkeyPatch, end: str, before: str = "") -> None:
    """A worker that comes to its end on files with "bad" in their names."""
    change = f"""
real = work
def work(path, decode_large):
    if "bad" in path:
        {end}
    return real(path, decode_large)
{before}
"""
    worker(monkeypatch, change)


def by_threads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Scanned]:
    with monkeypatch.context() as patch:
        patch.setattr(scan, "PROCESSES_FROM", 10**9)
        patch.setenv("PAWLAB_HOME", str(folder.parent / "another home"))
        return scan_files(folder, paths_in(folder))


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_processes_find_what_threads_find(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ['a "quoted" \\ name', "new\nline", "\U0001f436", "\u202egpj", "\x7f\x01", "x" * 200]:
        (folder / "cats" / f"{name}.png").write_bytes(image_bytes(7, format="PNG"))
    (folder / "dogs" / "empty.jpg").touch()
    (folder / "dogs" / "cut.jpg").write_bytes(image_bytes()[:300])
    os.mkfifo(folder / "dogs" / "pipe.jpg")
    monkeypatch.setattr(scan, "ordered_map", lambda *_: pytest.fail("by threads"))
    found = scan_files(folder, paths_in(folder))
    monkeypatch.setattr(scan, "ordered_map", ordered_map)
    assert found == by_threads(folder, monkeypatch)
    assert len(found) == 219


def test_few_files_start_no_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "PROCESSES_FROM", 1000)
    monkeypatch.setattr(scan, "scan_in_processes", lambda *_: pytest.fail("a process"))
    assert len(scan_files(folder, paths_in(folder))) == 210


def test_a_second_scan_starts_no_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scan_files(folder, paths_in(folder))
    monkeypatch.setattr(scan, "scan_in_processes", lambda *_: pytest.fail("a process"))
    assert scan_files(folder, paths_in(folder)) == first


def test_progress_rises_to_the_total(folder: Path) -> None:
    seen: list[int] = []
    scan_files(folder, paths_in(folder), lambda phase, done, total: seen.append(done))
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 210)


@pytest.mark.parametrize("end", ["os.abort()", "os._exit(0)", "raise SystemError"])
def test_a_file_that_crashes_the_decoder_is_a_record(folder: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    (folder / "cats" / "bad.jpg").write_bytes(image_bytes())
    (folder / "dogs" / "bad too.jpg").write_bytes(image_bytes(1))
    expected = by_threads(folder, monkeypatch)
    deadly(monkeypatch, end)
    found = scan_files(folder, paths_in(folder))
    assert {path for path, one in found.items() if one.reason} == {"cats/bad.jpg", "dogs/bad too.jpg"}
    assert found["cats/bad.jpg"].reason == "the decoder crashed on it"
    assert found["cats/bad.jpg"].digest == expected["cats/bad.jpg"].digest
    assert {path: one for path, one in found.items() if not one.reason} == {
        path: one for path, one in expected.items() if "bad" not in path
    }
    assert scan_files(folder, paths_in(folder)) == found  # remembered


def test_a_file_that_hangs_the_decoder_is_a_record(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even with Python's lock in the decoder's hands, as a regular expression holds it."""
    (folder / "cats" / "bad.jpg").write_bytes(image_bytes())
    deadly(monkeypatch, 're.match(r"(a+)+$", "a" * 50 + "b")', "scan_process.SECONDS = 0.3")
    found = scan_files(folder, paths_in(folder))
    assert found["cats/bad.jpg"].reason.startswith("decoding it took more than")
    assert sum(not one.reason for one in found.values()) == 210


def test_a_worker_that_talks_nonsense_is_not_believed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor waited for."""
    monkeypatch.setattr(subprocess.Popen, "wait", _impatient(subprocess.Popen.wait))
    change = """
    os.write(1, b'"ready"\\n' + b'[[1, 2, "x", "cat"]]\\n' * 9)
    time.sleep(1000)
    """
    worker(monkeypatch, change)
    found = scan_files(folder, ["cats/1.jpg", "dogs/2.jpg"])
    assert {one.reason for one in found.values()} == {"the decoder crashed on it"}


def _impatient(real: Callable[..., int]) -> Callable[..., int]:
    def wait(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        return real(process, timeout and timeout / 50)

    return wait


@pytest.mark.parametrize("command", [["/nowhere/python"], [sys.executable, "-c", "pass"], [sys.executable, "-c", "!"]])
def test_without_processes_threads_do_it(folder: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    expected = by_threads(folder, monkeypatch)
    monkeypatch.setattr(scan_process, "COMMAND", command)
    assert scan_files(folder, paths_in(folder)) == expected


def test_large_pictures_are_decoded_one_at_a_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = folder.parent / "log"
    change = f"""
    images.LARGE_PIXELS = 1
    real = images.to_grey
    def to_grey(image):
        with open({str(log)!r}, "a") as file: file.write("+")
        time.sleep(0.01)
        with open({str(log)!r}, "a") as file: file.write("-")
        return real(image)
    images.to_grey = to_grey
    """
    worker(monkeypatch, change)
    paths = paths_in(folder)[:70]
    assert [scan_files(folder, paths)[path].reason for path in paths] == [""] * 70
    assert log.read_text() == "+-" * 70


# --- being stopped ---------------------------------------------------------------------------------------------------


def test_cancelling_ends_every_process_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is in the middle of a file that takes for ever, and without an answer to wait for."""
    deadly(monkeypatch, "time.sleep(1000)")
    (folder / "cats" / "bad.jpg").write_bytes(image_bytes())
    calls = 0

    def cancel(phase: str, done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 8:  # more than there are answers
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        scan_files(folder, paths_in(folder), cancel)
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in alive if "scan" in " ".join(child.cmdline())]


def test_what_was_found_before_cancelling_is_remembered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cancel(phase: str, done: int, total: int) -> None:
        if done:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        scan_files(folder, paths_in(folder), cancel)
    monkeypatch.setattr(scan, "PROCESSES_FROM", 10**9)
    seen: list[int] = []
    scan_files(folder, paths_in(folder), lambda phase, done, total: seen.append(done))
    assert seen[0] > 0


SCRIPT = """
import sys
from pathlib import Path
from core.datasets import scan
scan.PROCESSES_FROM = 1
folder = Path(sys.argv[1])
paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
def told(phase, done, total):
    print(done, flush=True)
    if done and len(sys.argv) > 2:
        import time
        time.sleep(1000)
scan.scan_files(folder, paths, told)
"""


def test_no_process_outlives_the_one_who_started_it(folder: Path) -> None:
    write_images(folder, {"birds": 1500}, size=(16, 12))
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), "wait"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert script.stdout
    while script.stdout.readline() == "0\n":
        pass
    children = psutil.Process(script.pid).children()
    assert children
    script.send_signal(signal.SIGKILL)
    script.wait()
    script.stdout.close()
    wait_for(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))


@pytest.mark.parametrize("way", ["file", "-c", "stdin"])
def test_a_script_without_a_guard_is_not_run_again(folder: Path, tmp_path: Path, way: str) -> None:
    """As multiprocessing's spawn would."""
    file = tmp_path / "script.py"
    file.write_text(SCRIPT + "print('end')\n")
    arguments = {"file": [str(file)], "-c": ["-c", file.read_text()], "stdin": ["-"]}[way]
    done = subprocess.run(
        [sys.executable, *arguments, str(folder)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        input=file.read_text() if way == "stdin" else None,
        capture_output=True,
        text=True,
    )
    assert done.stdout.count("end") == 1
    assert done.stdout.split()[-2] == "210"
    assert done.stderr == ""


# --- requests --------------------------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=4100), max_size=300))
def test_requests_hold_every_path_once_and_stay_short(paths: list[str]) -> None:
    batches = list(scan_pool._batches(paths))
    assert [path for batch in batches for path in batch] == paths
    for batch in batches:
        assert 1 <= len(batch) <= scan_pool.BATCH
        assert len(batch) == 1 or sum(map(len, batch)) <= scan_pool.BATCH_CHARACTERS
