"""Names and notes of runs: what a user types, what a stranger's folder holds, and who reads meanwhile."""

import json
import shutil
import threading

import pytest

from core.errors import ConfigError, RunError
from core.training.labels import NAME_CHARACTERS, NOTE_CHARACTERS, clean, read_label, told_apart
from core.training.recipe import preset
from core.training.runs import Run, create_run, load_run
from core.training.shelf import drop_run, find_run, list_runs


@pytest.fixture
def run() -> Run:
    return create_run("sample", preset("fast"), "first")


def test_a_name_and_a_note_are_kept_and_what_was_asked_stays_as_it_is(run: Run) -> None:
    asked = (run.directory / "config.json").read_bytes()
    run.rename("Dogs, ‏כלבים 🐶", "with *stars*")
    again = load_run(run.directory)
    assert (again.name, again.note) == ("Dogs, ‏כלבים 🐶", "with *stars*")
    assert (again.id, again.config, again.created) == (run.id, run.config, run.created)
    assert (run.directory / "config.json").read_bytes() == asked
    assert find_run(again.name).id == run.id
    assert list_runs().runs == [again]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  two\nlines\tand\x00\x1b[31m ", "two lines and[31m"),
        ("\u202egod\u202c a", "god a"),
        ("half \ud800 a pair", "half a pair"),
        ("👩\u200d🔬 she", "👩\u200d🔬 she"),
        ("x" * 500, "x" * NAME_CHARACTERS),
    ],
)
def test_text_is_one_line_that_can_be_shown(typed: str, kept: str) -> None:
    assert clean(typed) == kept


@pytest.mark.parametrize(
    ("name", "note"), [("", ""), (" \n\x00", ""), ("x" * (NAME_CHARACTERS + 1), ""), ("x", "y" * (NOTE_CHARACTERS + 1))]
)
def test_a_name_that_cannot_be_seen_and_text_that_is_too_long_are_refused(run: Run, name: str, note: str) -> None:
    with pytest.raises(ConfigError):
        run.rename(name, note)
    assert load_run(run.directory).name == "first"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"name": 7, "note": []}', b"\xff", b"[" * 5000, b'{"name": "' + b"x" * 10**6]
)
def test_a_broken_label_leaves_the_run_with_its_own_name(run: Run, content: bytes) -> None:
    (run.directory / "label.json").write_bytes(content)
    assert load_run(run.directory).name == "first"


def test_a_name_from_a_strangers_folder_can_be_shown(run: Run) -> None:
    asked = json.loads((run.directory / "config.json").read_text())
    (run.directory / "config.json").write_text(json.dumps(asked | {"name": "a\nb\ud800\u202e" + "c" * 1000}))
    name = load_run(run.directory).name
    assert name.startswith("a b")
    assert name.encode()
    assert len(name) <= NAME_CHARACTERS


def test_a_run_that_is_gone_gets_no_name_and_no_folder(run: Run) -> None:
    shutil.rmtree(run.directory)
    with pytest.raises(RunError, match="gone"):
        run.rename("new", "")
    with pytest.raises(RunError, match="gone"):
        drop_run(run)
    assert not run.directory.exists()


def test_whoever_reads_while_others_rename_sees_one_of_the_labels_whole(run: Run) -> None:
    stop, seen = threading.Event(), set()

    def read() -> None:
        while not stop.is_set():
            label = read_label(run.directory)
            seen.add((label.name, label.note))

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(200):
        run.rename(f"name {number}", f"note {number}")
    stop.set()
    reader.join()
    assert {name.removeprefix("name ") == note.removeprefix("note ") for name, note in seen - {("", "")}} == {True}


def test_the_size_is_that_of_everything_in_the_folder(run: Run) -> None:
    before = run.size()
    (run.directory / "checkpoint-1").mkdir()
    (run.directory / "checkpoint-1" / "head.npz").write_bytes(b"x" * 1000)
    (run.directory / "loop").symlink_to(run.directory)
    assert 1000 <= run.size() - before < 6000
    shutil.rmtree(run.directory)
    assert run.size() == 0


def test_words_that_several_runs_share_are_told_apart_and_others_stay_as_they_are() -> None:
    told = told_apart({"1-a": "a, 11:27", "2-a": "a, 11:28", "3-a": "a, 11:28"})
    assert told == {"1-a": "a, 11:27", "2-a": "a, 11:28 (2-a)", "3-a": "a, 11:28 (3-a)"}
