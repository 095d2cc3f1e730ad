"""The store of runs: what a folder can hold, broken and hostile folders included."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.errors import RunError
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig, preset
from core.runs.store import find_run, list_runs


def new_run(name: str = "") -> Run:
    return create_run("sample", TrainingConfig(), name)


def test_two_runs_of_one_name_in_one_second_have_folders_of_their_own() -> None:
    assert new_run("pets").id != new_run("pets").id


def test_a_run_is_found_by_id_by_name_and_by_folder() -> None:
    run = new_run("my pets")
    assert [find_run(reference) for reference in (run.id, "my pets", str(run.directory))] == [run] * 3


@pytest.mark.parametrize("reference", ["nothing", "../..", "/", "", "a\0b"])
def test_a_reference_that_is_no_run_says_how_to_list_them(reference: str) -> None:
    with pytest.raises(RunError):
        find_run(reference)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"name": "x"}', b"\xff\xfe", b'{"settings": {"epochs": -1}}', b"1" * 10],
)
def test_a_broken_folder_is_named_and_hides_no_other(content: bytes) -> None:
    run, broken = new_run("good"), new_run("bad")
    (broken.directory / "config.json").write_bytes(content)
    run_list = list_runs()
    assert [found.id for found in run_list.runs] == [run.id]
    assert list(run_list.broken) == [broken.id]


@pytest.mark.parametrize("content", ["", "{}", '{"pid": "x"}', '{"pid": -1, "started": 0}', "[]", '{"pid": 1e99}'])
def test_a_broken_worker_file_counts_as_dead(content: str) -> None:
    run = new_run()
    (run.directory / "worker.json").write_text(content)
    assert not run.alive()


def test_a_stranger_with_the_workers_pid_does_not_count_as_the_worker() -> None:
    run = new_run()
    own = psutil.Process()
    facts = {"pid": os.getpid(), "started": own.create_time()}
    (run.directory / "worker.json").write_text(json.dumps(facts))
    assert run.alive()
    facts["started"] -= 3600
    (run.directory / "worker.json").write_text(json.dumps(facts))
    assert not run.alive()


def test_a_run_that_nobody_started_does_not_wait_for_ever() -> None:
    run = new_run()
    assert run.status() == "waiting"
    assert replace(run, created=run.created - 3600).status() == "interrupted"


def test_a_log_cut_in_mid_line_loses_only_that_line() -> None:
    run = new_run()
    for number in range(3):
        run.log.append({"event": "batch", "epoch": 1, "batch": number, "time": time.time()})
    content = run.log.path.read_bytes()
    run.log.path.write_bytes(content[:-7])
    assert len(run.history().batches) == 2
    run.log.append({"event": "status", "status": "cancelled", "time": 0})
    assert run.status() == "cancelled"


@pytest.mark.parametrize("line", ["7", "null", "{}", '{"event": "epoch"}', '{"event": "progress", "done": []}', "\xff"])
def test_hostile_events_change_nothing(line: str) -> None:
    run = new_run()
    run.log.append({"event": "status", "status": "finished", "time": 0})
    with run.log.path.open("a", encoding="latin-1") as file:
        file.write(line + "\n")
    assert run.status() == "finished"


def test_the_presets_differ_where_the_readme_says() -> None:
    notebook, fast = preset("notebook").model_dump(), preset("fast").model_dump()
    assert {name for name in notebook if notebook[name] != fast[name]} == {"pooling", "learning_rate"}
    assert Path(new_run().directory).is_dir()
