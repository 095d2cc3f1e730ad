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
from tests.events import event


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
    for number in range(1, 4):
        run.log.append(event("batch", epoch=1, batch=number, time=time.time()))
    content = run.log.path.read_bytes()
    run.log.path.write_bytes(content[:-7])
    assert len(run.history().batches) == 2
    run.log.append(event("status", status="cancelled", time=0))
    assert run.status() == "cancelled"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("7", ""),
        ("null", ""),
        ("\xff", ""),
        ('{"event": "of a later version"}', ""),
        ("{}", "does not say what happened"),
        ('{"event": ["epoch"]}', "does not say what happened"),
        ('{"event": "start", "time": 1}', "has no epoch"),
        ('{"event": "progress", "phase": "head", "time": 1, "done": [], "total": 1}', "has a wrong done"),
        ('{"event": "status", "time": 1, "status": "at sea"}', "has a wrong status"),
        ('{"event": "phase_end", "time": 1, "phase": "head", "seconds": null}', "has a wrong seconds"),
        ('{"event": "start", "time": 1e30, "epoch": 1}', "has a wrong time"),
        ('{"event": "early_stop", "time": 1, "epoch": 1, "best_epoch": ' + "9" * 4000 + "}", "has a wrong best_epoch"),
    ],
)
def test_one_damaged_event_fails_the_run_with_its_place_and_another_line_changes_nothing(line: str, wrong: str) -> None:
    run = new_run()
    run.log.append(event("epoch", epoch=1))
    with run.log.path.open("a", encoding="latin-1") as file:
        file.write(line + "\n")
    run.log.append(event("status", status="finished"))
    history = run.history()
    if wrong:
        assert (history.status, history.epochs) == ("failed", [])
        assert f"event 2 of events.jsonl {wrong}" in history.reason
    else:
        assert (history.status, len(history.epochs)) == ("finished", 1)


def test_the_presets_differ_where_the_readme_says() -> None:
    notebook, fast = preset("notebook").model_dump(), preset("fast").model_dump()
    assert {name for name in notebook if notebook[name] != fast[name]} == {
        "crop",
        "pooling",
        "learning_rate",
        "schedule",
        "min_steps",
        "l2",
        "temperature_scaling",
    }
    assert Path(new_run().directory).is_dir()
