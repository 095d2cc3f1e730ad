"""How a run that died without a word is explained."""

import json
import os
import shutil
import time
from pathlib import Path

import psutil
import pytest

from core.runs.liveness import alive, exit_reason, record, record_exit
from core.runs.run import Run, create_run
from core.runs.settings import TrainingConfig
from core.runs.start import log_tail, reason

PID = 2**22 + 1  # no process has it


def died(code: int | None, started: float | None = None) -> Run:
    run = create_run("sample", TrainingConfig())
    run.log.append({"event": "status", "status": "running", "time": 0})
    facts = {"pid": PID, "started": time.time() if started is None else started}
    (run.directory / "worker.json").write_text(json.dumps(facts))
    if code is not None:
        record_exit(run.directory, PID, code)
    return run


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (-9, "killed by signal 9 (SIGKILL): by someone, or by the system because memory ran out"),
        (-15, "killed by signal 15 (SIGTERM): it was told to end"),
        (-11, "killed by signal 11 (SIGSEGV): a library crashed"),
        (-10, "killed by signal 10"),
        (-999, "killed by signal 999"),
        (1, "exit code 1"),
        (0, "exit code 0"),
        (3221225477, "exit code 3221225477"),
        (None, "without giving a reason"),
    ],
)
def test_every_way_to_die_has_words(code: int | None, words: str) -> None:
    run = died(code)
    assert run.status() == "interrupted"
    assert words in reason(run)


def test_a_restart_of_the_machine_is_told_from_a_death() -> None:
    assert "switched off or restarted" in reason(died(None, started=1.0))


@pytest.mark.parametrize("code", [None, 1])  # whether or not there was room to store how it ended
def test_a_disk_without_room_for_last_words_is_named(code: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    run = died(code)
    usage = shutil.disk_usage(run.directory)
    monkeypatch.setattr("core.runs.liveness.shutil.disk_usage", lambda folder: usage._replace(free=4096))
    assert f"the disk is full: {run.directory} has no room" in reason(run)


def test_the_end_of_an_earlier_worker_does_not_explain_the_latest() -> None:
    run = died(None)
    record_exit(run.directory, PID + 1, -9)
    assert "without giving a reason" in reason(run)


def test_a_run_that_gave_its_reason_is_not_explained_otherwise() -> None:
    run = died(-9)
    run.log.append({"event": "status", "status": "failed", "reason": "The disk is full", "time": 0})
    assert reason(run) == "The disk is full"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": null, "code": "x"}', '{"pid": [], "code": -9}', "\xff"])
def test_broken_files_explain_nothing_and_break_nothing(content: str, tmp_path: Path) -> None:
    for name in ("worker.json", "exit.json", "supervisor.json"):
        (tmp_path / name).write_text(content, encoding="latin-1")
    assert exit_reason(tmp_path)
    assert not alive(tmp_path)


def test_a_supervisor_counts_until_it_has_written_down_the_end(tmp_path: Path) -> None:
    record(tmp_path, "supervisor", os.getpid())
    assert alive(tmp_path)
    record_exit(tmp_path, PID, 0)
    assert not alive(tmp_path)


def test_the_tail_of_a_huge_log_is_short() -> None:
    run = died(1)
    (run.directory / "worker.log").write_bytes(b"\xff" * 30_000_000 + b"\n" + b"".join(b"%d\n" % i for i in range(99)))
    assert log_tail(run).splitlines() == [str(number) for number in range(79, 99)]
    (run.directory / "worker.log").write_bytes(b"x" * 30_000_000)
    assert len(log_tail(run)) <= 20_000


@pytest.mark.parametrize("seconds", [-3600.0, -1.0, 1.0, 5.0, 3600.0])
def test_a_clock_that_is_set_while_a_run_trains_does_not_end_it(
    seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create_run("sample", TrainingConfig())
    record(run.directory, "worker", os.getpid())
    assert alive(run.directory)
    before = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: before + seconds)  # as Linux has it then
    assert psutil.Process().create_time() > 0 and psutil.boot_time() == before + seconds
    assert alive(run.directory)
