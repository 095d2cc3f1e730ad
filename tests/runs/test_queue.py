"""The order of runs that wait, as one process sees it. `test_queue_processes` races and kills."""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import RunError
from core.jobs.process import PROJECT
from core.runs.liveness import record
from core.runs.queue import ahead, at_work, enqueue, move, start_next, waiting, withdraw
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import start_run
from core.runs.store import drop_run, list_runs
from tests.examples import FEW


def new_run(name: str = "") -> Run:
    return create_run("sample", TrainingConfig(), name)


@pytest.fixture
def busy() -> Run:
    """A run at work, whose worker is this very process: no other starts."""
    run = new_run("busy")
    run.log.append({"event": "status", "status": "running", "time": time.time()})
    record(run.directory, "worker", os.getpid())
    return run


def three() -> list[Run]:
    runs = [new_run(name) for name in "abc"]
    for run in runs:
        enqueue(run)
    return runs


def names() -> str:
    return "".join(run.name for run in waiting())


def test_runs_wait_in_the_order_in_which_they_came(busy: Run) -> None:
    three()
    assert names() == "abc"


def test_another_process_sees_the_same_order(busy: Run) -> None:
    three()
    script = "from core.runs.queue import waiting; print(''.join(run.name for run in waiting()))"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout == "abc\n"


@pytest.mark.parametrize(
    ("place", "expected"), [(0, "cab"), (1, "acb"), (2, "abc"), (99, "abc"), (-1, "cab"), (-99, "cab")]
)
def test_a_run_moves_to_its_place(busy: Run, place: int, expected: str) -> None:
    move(three()[2], place)
    assert names() == expected


def test_a_withdrawn_run_is_kept_as_cancelled_and_can_be_queued_again(busy: Run) -> None:
    _, run, _ = three()
    withdraw(run)
    assert names() == "ac"
    assert run.status() == "cancelled"
    assert "Withdrawn" in run.history().reason
    enqueue(run)
    assert names() == "acb"
    assert run.status() == "waiting"


def test_a_run_that_does_not_wait_can_be_neither_moved_nor_withdrawn(busy: Run) -> None:
    for run in (busy, new_run()):
        with pytest.raises(RunError, match="not in the queue"):
            move(run, 0)
        with pytest.raises(RunError, match="not in the queue"):
            withdraw(run)


def test_a_run_that_is_queued_twice_stands_once_and_keeps_its_place(busy: Run) -> None:
    first = three()[0]
    enqueue(first)
    start_run(first)
    assert names() == "abc"


def test_a_run_written_another_way_is_the_same_run(busy: Run, pawlab_home: Path) -> None:
    run = three()[0]
    enqueue(replace(run, directory=pawlab_home / "runs" / ".." / "runs" / run.id))
    assert names() == "abc"


def test_a_run_outside_the_store_waits_too(busy: Run, tmp_path: Path) -> None:
    run = new_run("elsewhere")
    run = replace(run, directory=run.directory.rename(tmp_path / "some where"))
    enqueue(run)
    assert (names(), run.status()) == ("elsewhere", "waiting")


def test_nothing_starts_while_a_run_is_at_work(busy: Run) -> None:
    runs = three()
    assert start_next() is None
    assert at_work() == busy
    assert [run.status() for run in runs] == ["waiting"] * 3
    assert [ahead(run) for run in runs] == [1, 2, 3]


def test_a_run_at_work_or_finished_cannot_be_queued(busy: Run) -> None:
    with pytest.raises(RunError, match="training already"):
        enqueue(busy)
    run = new_run()
    run.log.append({"event": "status", "status": "finished", "time": 0})
    with pytest.raises(RunError, match="finished"):
        enqueue(run)
    assert names() == ""


def test_a_run_may_wait_for_as_long_as_it_takes(busy: Run) -> None:
    run = three()[0]
    assert replace(run, created=run.created - 36_000).status() == "waiting"


@pytest.mark.parametrize("before", ["cancelled", "failed", "running"])
def test_a_run_that_is_to_be_resumed_waits_whatever_it_said_before(busy: Run, before: str) -> None:
    run = new_run()
    run.log.append({"event": "status", "status": before, "time": 0})
    run.cancel()
    enqueue(run)
    assert run.status() == "waiting"
    assert not run.cancel_requested(), "the stop of an earlier time would withdraw it"


def test_stop_on_a_run_that_waits_withdraws_it_when_its_turn_comes() -> None:
    run = new_run()
    enqueue(run)
    run.cancel()
    assert start_next() is None
    assert (names(), run.status()) == ("", "cancelled")


def test_a_removed_run_waits_no_longer(busy: Run, pawlab_home: Path) -> None:
    run = three()[1]
    drop_run(run)
    assert names() == "ac"
    assert run.id not in (pawlab_home / "queue.json").read_text()


@pytest.mark.parametrize("harm", ["removed", "config", "log"])
def test_a_run_whose_folder_is_broken_is_passed_over_alone(harm: str) -> None:
    broken, withdrawn = new_run("a"), new_run("b")
    for run in (broken, withdrawn):
        enqueue(run)
    withdrawn.cancel()  # so that no process is needed to see that its turn came
    if harm == "removed":
        shutil.rmtree(broken.directory)
    elif harm == "config":
        (broken.directory / "config.json").write_text("{")
    else:
        (broken.directory / "worker.log").mkdir()
    assert start_next() is None
    assert (names(), withdrawn.status()) == ("", "cancelled")
    if harm == "log":
        assert broken.status() == "failed"
        assert "cannot be written" in broken.history().reason


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", "7", "[" * 100_000, '{"waiting": 7}', '{"waiting": {"a": 1}}',
        '{"waiting": [null, [], 7]}',
        '{"waiting": ["", ".", "..", "../../etc", "a\\u0000b", "/nowhere/at/all"], "started": []}',
        '{"waiting": [], "started": "/"}', '{"waiting": ["\\ud800", "/\\ud800"]}',
    ],
)  # fmt: skip
def test_a_broken_order_is_an_empty_queue_that_works(busy: Run, pawlab_home: Path, content: str) -> None:
    (pawlab_home / "queue.json").write_text(content)
    assert waiting() == []
    assert start_next() is None
    three()
    assert names() == "abc"


def test_an_order_that_was_lost_loses_no_run_at_work(busy: Run, pawlab_home: Path) -> None:
    three()
    (pawlab_home / "queue.json").write_text(json.dumps({"waiting": [run.id for run in waiting()]}))
    assert start_next() is None
    assert at_work() == busy


Change = tuple[str, int, int]
CHANGES = st.lists(
    st.tuples(st.sampled_from(["enqueue", "move", "withdraw"]), st.integers(0, 3), st.integers(-1, 5)), max_size=12
)


@FEW
@given(changes=CHANGES)
def test_any_changes_give_the_order_of_a_plain_list(
    tmp_path_factory: pytest.TempPathFactory, changes: list[Change]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAWLAB_HOME", str(tmp_path_factory.mktemp("home")))
        runs, expected = [new_run(name) for name in "abcd"], list[str]()
        for change, number, place in changes:
            run = runs[number]
            if change == "enqueue":
                enqueue(run)
                expected += [run.name] if run.name not in expected else []
            elif run.name in expected:
                expected.remove(run.name)
                if change == "move":
                    move(run, place)
                    expected.insert(max(0, place), run.name)
                else:
                    withdraw(run)
        assert names() == "".join(expected)
        assert {run.name for run in list_runs().runs if run.queued()} == set(expected)
