"""The queue with real processes: started at once, killed at any place, one run after the other."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.jobs.process import PROJECT
from core.runs.liveness import record
from core.runs.queue import at_work, enqueue, start_next, waiting, withdraw
from core.runs.run import ACTIVE, Run, create_run
from core.runs.start import collect, log_tail, reason, start_run
from core.runs.store import list_runs
from tests.trained import SMALL, wait_for

LONG = SMALL.changed(epochs=1000, early_stopping_patience=1000)
SHORT = SMALL.changed(epochs=1)


@pytest.fixture(autouse=True)
def ended(pawlab_home: Path) -> Iterator[None]:
    """Nothing that a test started outlives it."""
    yield
    for run in waiting():
        withdraw(run)
    for run in list_runs().runs:
        for role in ("supervisor", "worker"):
            kill(run, role)
        if (run.directory / "worker.log").exists():  # else its worker is this test
            wait_for(run, lambda run=run: not run.alive())  # type: ignore[misc]


def kill(run: Run, role: str) -> None:
    """Kills the process that has the role, where it lives and is not this test."""
    try:
        facts = json.loads((run.directory / f"{role}.json").read_text())
        process = psutil.Process(facts["pid"])
        if process.pid != os.getpid() and abs(process.create_time() - facts["started"]) < 1:
            process.kill()
    except (FileNotFoundError, psutil.NoSuchProcess):
        pass


def process(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=PROJECT, stdout=subprocess.PIPE, text=True)


def times(run: Run, event: str, status: str = "") -> list[float]:
    """When the run said so."""
    events = run.log.read()[0]
    return [said["time"] for said in events if said["event"] == event and (not status or said.get("status") == status)]


def gone(tmp_path: Path, name: str = "gone") -> Run:
    """A run whose data is not there: its worker ends within a second."""
    return create_run(str(tmp_path / "no such folder"), SHORT, name)


def at_work_in(run: Run, phase: str) -> None:
    wait_for(run, lambda: run.history().phase == phase or run.status() not in ACTIVE)
    assert run.alive(), reason(run)


def test_eight_processes_that_start_the_next_at_once_start_one(ready_home: Path, drawn: Path, tmp_path: Path) -> None:
    runs = [create_run(str(drawn), LONG, name) for name in "abcdefgh"]
    for run in runs:
        enqueue(run)
    script = """
import sys
from pathlib import Path
from core.runs.queue import start_next
print("ready", flush=True)
while not Path(sys.argv[1]).exists():
    pass
run = start_next()
print(run.name if run else "none", flush=True)
"""
    racers = [process(script, str(tmp_path / "go")) for _ in range(8)]
    for racer in racers:
        assert racer.stdout is not None
        racer.stdout.readline()
    (tmp_path / "go").touch()
    assert sorted(racer.communicate()[0].strip() for racer in racers) == ["a"] + ["none"] * 7
    at_work_in(runs[0], "features")
    assert [len(times(run, "status", "running")) for run in runs] == [1] + [0] * 7
    assert len(times(runs[0], "phase")) == len({"data", "weights", "features"}), "two workers wrote the log"
    assert [run.name for run in waiting()] == list("bcdefgh")


def test_eight_processes_that_press_start_at_once_start_one(ready_home: Path, drawn: Path, tmp_path: Path) -> None:
    """Each makes a run of its own, as eight tabs would."""
    script = """
import sys
from pathlib import Path
from core.runs.start import start_run
from core.runs.run import create_run
from core.runs.settings import TrainingConfig
run = create_run(sys.argv[2], TrainingConfig.model_validate_json(sys.argv[3]))
print("ready", flush=True)
while not Path(sys.argv[1]).exists():
    pass
start_run(run)
"""
    tabs = [process(script, str(tmp_path / "go"), str(drawn), LONG.model_dump_json()) for _ in range(8)]
    for tab in tabs:
        assert tab.stdout is not None
        tab.stdout.readline()
    (tmp_path / "go").touch()
    for tab in tabs:
        tab.communicate()
        assert tab.returncode == 0
    assert sum(len(times(run, "status", "running")) for run in list_runs().runs) == 1
    assert sum(run.alive() for run in list_runs().runs) == 1
    assert len(waiting()) == 7


def test_a_killed_worker_has_a_reason_and_lets_the_next_start(ready_home: Path, drawn: Path, tmp_path: Path) -> None:
    run, following = create_run(str(drawn), LONG), gone(tmp_path)
    for each in (run, following):
        start_run(each)
    at_work_in(run, "features")
    kill(run, "worker")
    wait_for(run, lambda: not run.alive())
    assert run.status() == "interrupted"
    assert "signal 9" in reason(run)
    assert "memory" in reason(run)
    wait_for(following, lambda: following.status() == "failed")  # nobody looked


def test_after_the_death_of_the_supervisor_too_a_look_starts_the_next(
    ready_home: Path, drawn: Path, tmp_path: Path
) -> None:
    run, following = create_run(str(drawn), LONG), gone(tmp_path)
    for each in (run, following):
        start_run(each)
    at_work_in(run, "features")
    kill(run, "supervisor")
    collect()
    assert run.status() == "running", "the run ended with its supervisor"
    assert start_next() is None
    kill(run, "worker")
    wait_for(run, lambda: run.status() == "interrupted")
    assert start_next() == following
    wait_for(following, lambda: following.status() == "failed")


def test_two_runs_train_one_after_the_other_to_the_end_whatever_becomes_of_the_process_that_started_them(
    ready_home: Path, drawn: Path
) -> None:
    first, second = (create_run(str(drawn), SHORT, name) for name in ("first", "second"))
    script = """
import sys, time
from pathlib import Path
from core.runs.start import start_run
from core.runs.run import load_run
for directory in sys.argv[1:]:
    start_run(load_run(Path(directory)))
print("started", flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", script, str(first.directory), str(second.directory)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, start_new_session=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "started\n"
        os.killpg(server.pid, signal.SIGKILL)  # with all that belongs to it
    assert at_work() == first
    assert (first.status(), second.status()) == ("running", "waiting")
    wait_for(second, lambda: second.status() not in ACTIVE)  # nobody looks at the queue meanwhile
    assert [run.status() for run in (first, second)] == ["finished"] * 2, reason(second)
    assert times(second, "status", "running")[0] >= times(first, "status", "finished")[0]
    assert [len(run.history().epochs) for run in (first, second)] == [1, 1]


@pytest.mark.parametrize("moment", ["record", "forget_exit", "write_order"])
def test_a_starter_killed_halfway_costs_no_run_and_starts_none_twice(tmp_path: Path, moment: str) -> None:
    """The supervisor that it left behind finds that nobody said that it is one, and leaves."""
    run = gone(tmp_path)
    script = """
import os, signal, sys
from pathlib import Path
from core.runs import launch
from core.runs.start import start_run
from core.runs.run import load_run
setattr(launch, sys.argv[2], lambda *arguments: os.kill(os.getpid(), signal.SIGKILL))
start_run(load_run(Path(sys.argv[1])))
"""
    with process(script, str(run.directory), moment) as starter:
        assert starter.wait() == -signal.SIGKILL
    wait_for(run, lambda: not run.alive())
    assert (run.status(), waiting()) == ("waiting", [run])
    assert start_next() == run
    wait_for(run, lambda: run.status() == "failed" and not run.alive())
    assert len(times(run, "phase")) == 1, "two workers wrote the log"


def test_runs_whose_data_or_settings_are_gone_fail_alone(tmp_path: Path) -> None:
    runs = [gone(tmp_path, name) for name in "abc"]
    for run in runs:
        enqueue(run)
    (runs[1].directory / "config.json").write_text("{")
    assert start_next() == runs[0]
    wait_for(runs[2], lambda: runs[2].status() == "failed")
    assert runs[0].status() == "failed"
    assert waiting() == []


def test_a_worker_that_cannot_begin_is_explained_by_its_exit_code_and_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "threadpoolctl.py").write_text("raise ImportError('a broken installation')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    run = gone(tmp_path)
    start_run(run)
    wait_for(run, lambda: run.status() not in ACTIVE)
    assert run.status() == "interrupted"
    assert "exit code 1" in reason(run)
    assert "ImportError: a broken installation" in log_tail(run)  # TensorFlow, beside it, may talk on


def test_the_command_line_waits_its_turn_and_ctrl_c_withdraws(drawn: Path) -> None:
    busy = create_run(str(drawn), SHORT, "busy")
    busy.log.append({"event": "status", "status": "running", "time": time.time()})
    record(busy.directory, "worker", os.getpid())
    enqueue(create_run(str(drawn), SHORT, "before"))
    command = [sys.executable, "-m", "core", "train", "--data", str(drawn), "--name", "mine"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waits:
        assert waits.stderr is not None
        assert "waits for 2 other runs" in waits.stderr.readline()
        mine = waiting()[1]
        assert (mine.name, mine.status()) == ("mine", "waiting")
        waits.send_signal(signal.SIGINT)
        _, said = waits.communicate()
    assert waits.returncode == 130
    assert "Withdrew" in said
    assert "--resume" in said
    assert mine.status() == "cancelled"
    assert [run.name for run in waiting()] == ["before"]
