"""Files that another process may read: whole or not at all, whoever is killed and whenever."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.jobs.process import PROJECT
from core.storage.files import (
    EventLog,
    atomic_folder,
    drop_unfinished,
    read_json,
    sha256_file,
    write_atomic,
    write_json,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
events = st.dictionaries(st.text(max_size=8), json_values, max_size=4)


def run_and_kill(code: str, path: Path, seconds: float) -> None:
    """Runs Python code with `path` as its argument and kills it, as a crash would, a while after `path` has grown."""

    def size() -> int:
        return path.stat().st_size if path.exists() else 0

    before, limit = size(), time.monotonic() + 60
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], cwd=PROJECT)
    try:
        while size() <= before and time.monotonic() < limit:
            time.sleep(0.01)
        time.sleep(seconds)
        assert process.poll() is None, "it ended by itself"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


# --- write_atomic and JSON -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\x00\xff\r\n", "text \U0001f436\r\n"])
def test_write_atomic_writes_exactly_the_content(tmp_path: Path, content: bytes | str) -> None:
    write_atomic(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_atomic(tmp_path / "a", "old")
    real = Path.write_bytes

    def half(path: Path, content: bytes) -> int:
        real(path, content[: len(content) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space"):
        write_atomic(tmp_path / "a", "the new content")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_readers_see_a_whole_file_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_json(path, [0] * 1000)
    done = threading.Event()

    def write() -> None:
        for number in range(40):
            write_json(path, [number] * 1000)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert len(set(read_json(path))) == 1
    writer.join()


def test_a_killed_writer_leaves_a_whole_file(tmp_path: Path) -> None:
    code = """
import itertools, pathlib, sys
from core.storage.files import write_atomic
for number in itertools.count():
    write_atomic(pathlib.Path(sys.argv[1]), bytes([number % 256]) * 5_000_000)
"""
    run_and_kill(code, tmp_path / "a", 0.2)
    content = (tmp_path / "a").read_bytes()
    assert len(content) == 5_000_000
    assert len(set(content)) == 1


@given(json_values)
def test_json_is_read_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, value: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "value.json"
    write_json(path, value)
    assert read_json(path) == value


def test_json_can_be_read_by_people(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"label": "Kätzchen"})
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{\n  "label": "Kätzchen"\n}\n'


# --- atomic_folder ---------------------------------------------------------------------------------------------------


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "target"
    with atomic_folder(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()
        assert folder.parent == target.parent  # on one file system, so that the rename is atomic
    assert (target / "a").read_text() == "1"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_folder_that_fails_vanishes(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error), atomic_folder(tmp_path / "target") as folder:
        (folder / "deep").mkdir()
        (folder / "deep" / "a").write_text("1")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_the_first_of_two_that_make_a_folder_wins(tmp_path: Path) -> None:
    target = tmp_path / "target"
    with atomic_folder(target) as late:
        (late / "a").write_text("late")
        with atomic_folder(target) as early:
            (early / "a").write_text("early")
    assert (target / "a").read_text() == "early"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_in_the_way_of_a_folder_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    with pytest.raises(OSError, match="Not a directory"), atomic_folder(tmp_path / "target"):
        pass
    assert (tmp_path / "target").read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def killed_over(folder: Path) -> None:
    """Leaves what a writer of `folder / "target"` leaves that is killed."""
    code = "import os, signal, sys, pathlib; from core.storage.files import atomic_folder\n"
    code += "with atomic_folder(pathlib.Path(sys.argv[1])) as half:\n"
    code += " (half / 'part').write_text('1'); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", code, str(folder / "target")], cwd=PROJECT, check=False)


def test_what_a_killed_writer_leaves_is_removed_and_nothing_else(tmp_path: Path) -> None:
    killed_over(tmp_path)
    write_atomic(tmp_path / "target.json", "whole")
    (tmp_path / ".other.0123abcd.tmp").write_text("half")
    (tmp_path / ".target").write_text("a user's")
    drop_unfinished(tmp_path, "target")
    assert {file.name for file in tmp_path.iterdir()} == {"target.json", ".other.0123abcd.tmp", ".target"}
    drop_unfinished(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"target.json", ".target"}


def test_what_is_still_written_to_stays(tmp_path: Path) -> None:
    """A folder's own time says only when its latest file was made."""
    killed_over(tmp_path)
    (half,) = tmp_path.iterdir()
    an_hour_ago = time.time() - 3600
    os.utime(half, (an_hour_ago, an_hour_ago))
    drop_unfinished(tmp_path, seconds=600)
    assert list(tmp_path.iterdir()) == [half]
    os.utime(half / "part", (an_hour_ago, an_hour_ago))
    drop_unfinished(tmp_path, seconds=600)
    assert list(tmp_path.iterdir()) == []


def test_a_link_among_what_was_left_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "mine").write_text("kept")
    for name, leads in ((".a.0123abcd.tmp", "outside"), (".b.0123abcd.tmp", "nowhere")):
        (tmp_path / name).symlink_to(tmp_path / leads)
    drop_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"outside"}
    assert (tmp_path / "outside" / "mine").read_text() == "kept"


def test_sha256_is_that_of_the_content(tmp_path: Path) -> None:
    content = os.urandom(3 * 2**20 + 1)
    (tmp_path / "a").write_bytes(content)
    assert sha256_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()


# --- EventLog --------------------------------------------------------------------------------------------------------


@given(st.lists(events, max_size=6))
def test_events_are_read_back_in_order(tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.getbasetemp() / "events.jsonl"
    path.unlink(missing_ok=True)
    log = EventLog(path)
    for event in written:
        log.append(event)
    assert log.read()[0] == written


def test_a_log_that_is_not_there_yet_is_empty(tmp_path: Path) -> None:
    assert EventLog(tmp_path / "events.jsonl").read() == ([], 0)
    assert EventLog(tmp_path / "events.jsonl").read(40) == ([], 40)


def test_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.append({"epoch": 1})
    first, offset = log.read()
    assert log.read(offset) == ([], offset)
    log.append({"epoch": 2})
    assert first + log.read(offset)[0] == [{"epoch": 1}, {"epoch": 2}]


@given(st.lists(events, min_size=1, max_size=4), st.data())
def test_a_reader_at_any_moment_gets_every_event_once(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, Any]], data: st.DataObject
) -> None:
    """The log is grown byte by byte, as a slow writer would, and read at arbitrary moments."""
    whole = tmp_path_factory.getbasetemp() / "whole.jsonl"
    whole.unlink(missing_ok=True)
    for event in written:
        EventLog(whole).append(event)
    content = whole.read_bytes()
    growing = EventLog(tmp_path_factory.getbasetemp() / "growing.jsonl")
    read, offset = [], 0
    for cut in [*sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8))), len(content)]:
        growing.path.write_bytes(content[:cut])
        new, offset = growing.read(offset)
        read += new
    assert read == written


@given(events, events, events, st.data())
def test_a_writer_killed_in_mid_line_costs_only_its_own_event(
    tmp_path_factory: pytest.TempPathFactory,
    first: dict[str, Any],
    lost: dict[str, Any],
    last: dict[str, Any],
    data: st.DataObject,
) -> None:
    log = EventLog(tmp_path_factory.getbasetemp() / "killed.jsonl")
    log.path.unlink(missing_ok=True)
    log.append(first)
    whole = log.path.stat().st_size
    log.append(lost)
    cut = data.draw(st.integers(whole, log.path.stat().st_size))
    os.truncate(log.path, cut)
    log.append(last)
    read = log.read()[0]
    assert read in ([first, last], [first, lost, last])
    log.append(first)
    assert log.read()[0][-2:] == [last, first]


def test_lines_that_are_no_events_are_passed_over(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    log.path.write_bytes(b'{"a": 1}\n\n{"b": \n[1]\n7\nnull\n\xff\xfe\n\x00\x00\n{"c": 3}\n')
    assert log.read()[0] == [{"a": 1}, {"c": 3}]


def test_a_real_writer_that_is_killed_loses_nothing_but_its_last_event(tmp_path: Path) -> None:
    code = """
import itertools, pathlib, sys
from core.storage.files import EventLog
log = EventLog(pathlib.Path(sys.argv[1]))
for number in itertools.count(int(log.path.exists()) * 1_000_000):
    log.append({"number": number, "padding": "x" * 20_000})
"""
    log = EventLog(tmp_path / "events.jsonl")
    run_and_kill(code, log.path, 0.1)
    first = [event["number"] for event in log.read()[0]]
    run_and_kill(code, log.path, 0.1)
    numbers = [event["number"] for event in log.read()[0]]
    assert numbers[: len(first)] == first == list(range(len(first)))
    later = numbers[len(first) :]
    assert later == list(range(1_000_000, 1_000_000 + len(later)))
    assert later


def test_two_writers_do_not_mix_their_lines(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")

    def write(name: str) -> None:
        for number in range(100):
            EventLog(log.path).append({"name": name, "number": number, "padding": name * 3000})

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    logged = log.read()[0]
    assert len(logged) == 400
    for name in "abcd":
        assert [event["number"] for event in logged if event["name"] == name] == list(range(100))


def test_an_event_is_one_line_whatever_it_holds(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl")
    event = {"path": "a\nb\r\u2028\x85c.jpg"}
    log.append(event)
    assert log.path.read_bytes().count(b"\n") == 1
    assert json.loads(log.path.read_bytes()) == event


def test_json_nested_too_deep_is_a_broken_file_and_a_line_to_pass_over(tmp_path: Path) -> None:
    deep = "[" * 100_000
    (tmp_path / "a.json").write_text(deep)
    with pytest.raises(ValueError, match="nested"):
        read_json(tmp_path / "a.json")
    (tmp_path / "events.jsonl").write_text(f'{deep}\n{{"event":"next"}}\n')
    assert EventLog(tmp_path / "events.jsonl").read()[0] == [{"event": "next"}]
