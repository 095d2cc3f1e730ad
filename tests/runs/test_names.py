"""Names and notes of runs: what a user types, what a stranger's folder holds, and who reads meanwhile."""

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from core.errors import ConfigError, RunError
from core.runs.names import NAME_CHARACTERS, NOTE_CHARACTERS, disambiguate, read_label
from core.runs.run import Run, create_run, load_run
from core.runs.settings import preset
from core.runs.store import drop_run, find_run, list_runs


@pytest.fixture
def run() -> Run:
    return create_run("sample", preset("fast"), "first")


def test_a_name_and_a_note_are_kept_and_what_was_asked_stays_as_it_is(run: Run) -> None:
    asked = (run.directory / "config.json").read_bytes()
    run.rename("Dogs, כלבים 🐶", "with *stars*")
    again = load_run(run.directory)
    assert (again.name, again.note) == ("Dogs, כלבים 🐶", "with *stars*")
    assert (again.id, again.config, again.created) == (run.id, run.config, run.created)
    assert (run.directory / "config.json").read_bytes() == asked
    assert find_run(again.name).id == run.id
    assert list_runs().runs == [again]


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
    told = disambiguate({"1-a": "a, 11:27", "2-a": "a, 11:28", "3-a": "a, 11:28"})
    assert told == {"1-a": "a, 11:27", "2-a": "a, 11:28 (2-a)", "3-a": "a, 11:28 (3-a)"}


def test_a_run_without_a_name_gets_the_next_number_and_its_preset() -> None:
    first, second = create_run("sample", preset("fast")), create_run("sample", preset("notebook"))
    assert (first.name, second.name) == ("Drawn sample, fast, 1", "Drawn sample, notebook, 2")
    second.rename("cats", "")
    create_run("sample", preset("fast"), "mine")
    assert create_run("sample", preset("fast")).name == "Drawn sample, fast, 3", (
        "the number of a renamed run was given again"
    )
    create_run("sample", preset("fast"), "Run 40")
    assert create_run("sample", preset("fast")).name == "Drawn sample, fast, 41"


def test_a_run_is_called_after_its_dataset(tmp_path: Path) -> None:
    folder = tmp_path / "my_winter_photos of dogs and cats and birds"
    assert create_run("cats_and_dogs", preset("fast")).name == "Cats and dogs, fast, 1"
    assert create_run(str(folder), preset("notebook")).name == "My winter photos of dogs and …, notebook, 2"
    create_run("sample", preset("fast"), "Photos, 2019")
    assert create_run("sample", preset("fast")).name == "Drawn sample, fast, 3"


def test_a_broken_folder_does_not_keep_a_run_from_its_number(run: Run) -> None:
    (run.directory / "config.json").write_text("[" * 5000)
    assert create_run("sample", preset("fast")).name == "Drawn sample, fast, 1"


def test_runs_that_are_made_at_once_get_numbers_of_their_own() -> None:
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(lambda _: create_run("sample", preset("fast")), range(16)))
    assert {run.name for run in runs} == {f"Drawn sample, fast, {number}" for number in range(1, 17)}


@pytest.mark.parametrize("name", ["20261128-140300-average", "20261128-140300", ""])
def test_an_old_run_whose_name_is_a_time_stamp_is_called_by_its_preset_and_date(run: Run, name: str) -> None:
    asked = json.loads((run.directory / "config.json").read_text())
    created = datetime(2026, 11, 28, 14, 3).timestamp()
    (run.directory / "config.json").write_text(json.dumps(asked | {"name": name, "created": created}))
    assert load_run(run.directory).name == "Fast run of 28 Nov 14:03"
