"""`runs`: what is listed, on a terminal and in a pipe, and what changes a run."""

import io
import json
import os
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from core.cli import console
from core.cli.main import app
from core.runs.liveness import record
from core.runs.queue import enqueue, waiting
from core.runs.run import Run, create_run
from core.runs.store import list_runs
from tests.trained import SMALL

NAME = "a [red]name[/red] that is *rather* long for a column, 1"


class Terminal(io.StringIO):
    """A user who types this."""

    def isatty(self) -> bool:
        return True


def runs(*arguments: str, code: int = 0) -> None:
    assert console.run(app, ["runs", *arguments]) == code


def new_run(name: str) -> Run:
    return create_run("sample", SMALL, name)


def at_work(name: str) -> Run:
    """A run with a process, which is this one."""
    run = new_run(name)
    record(run.directory, "worker", os.getpid())
    return run


def names() -> set[str]:
    return {run.name for run in list_runs().runs}


def test_in_a_pipe_each_run_has_one_whole_line(
    trained: Run, pawlab_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = pawlab_home / "runs" / "20260102-030405-a-run-with-an-id-that-is-long"
    shutil.copytree(trained.directory, copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "name": NAME}))
    runs()
    header, line = capsys.readouterr().out.splitlines()
    assert line.startswith(f"{copy.name}  {NAME}  finished  {trained.summary()['val_accuracy']:.3f}")
    assert line.endswith(config["source"])
    assert header.index("name") == line.index(NAME)


def test_a_terminal_folds_names_and_keeps_ids(
    pawlab_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = new_run(NAME)
    monkeypatch.setattr(console, "out", Console(force_terminal=True, width=100, no_color=True, highlight=False))
    runs()
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    assert [line[1] for line in cells if line[1]] == [run.id]
    assert "".join(line[2] for line in cells).replace(" ", "") == NAME.replace(" ", "")


def test_runs_are_listed_where_nothing_can_be_written(pawlab_home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    enqueue(run := new_run("waits"))
    (pawlab_home / "queue.lock").unlink()
    (pawlab_home / "queue.lock").mkdir()  # cannot be opened, as in a folder of somebody else's
    runs()
    assert run.id in capsys.readouterr().out


def test_a_run_is_renamed_and_keeps_its_note(capsys: pytest.CaptureFixture[str]) -> None:
    new_run("before").rename("before", "a note")
    runs("rename", "before", "after")
    (run,) = list_runs().runs
    assert (run.name, run.note) == ("after", "a note")
    runs("rename", "after", "x" * 61, code=2)
    runs("rename", "before", "other", code=2)
    assert names() == {"after"}


def test_delete_asks_unless_told_not_to(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run = new_run("one")
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    runs("delete", "one", code=2)
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    runs("delete", "one", code=130)
    said = capsys.readouterr()
    assert (run.id in said.err, said.out.strip()) == (True, "")  # the question says which
    assert names() == {"one"}
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    runs("delete", "one")
    assert names() == set()
    new_run("two"), new_run("three"), new_run("kept")
    runs("delete", "two", "three", "--yes")
    assert names() == {"kept"}


def test_what_cannot_be_deleted_leaves_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    idle, busy = new_run("idle"), at_work("busy")
    runs("delete", "idle", "busy", "--yes", code=2)
    assert "“busy” is training" in capsys.readouterr().err
    runs("delete", "idle", "nothing", "--yes", code=2)
    twin = new_run("idle")
    runs("delete", "idle", "--yes", code=2)  # which of them?
    said = capsys.readouterr().err
    assert idle.id in said and twin.id in said
    assert {run.id for run in list_runs().runs} == {idle.id, busy.id, twin.id}


def test_a_waiting_and_a_broken_run_are_deleted(pawlab_home: Path) -> None:
    enqueue(run := new_run("waits"))
    (pawlab_home / "runs" / "broken").mkdir()
    runs("delete", run.id, "broken", "--yes")
    assert (waiting(), list_runs().broken) == ([], {})


def test_stop_withdraws_a_waiting_run_and_asks_one_at_work_to_end(capsys: pytest.CaptureFixture[str]) -> None:
    busy, queued = at_work("busy"), new_run("queued")
    enqueue(queued)
    runs("stop", "queued")
    assert (queued.status(), waiting()) == ("cancelled", [])
    runs("stop", "busy")
    assert busy.cancel_requested()
    runs("stop", "queued", code=2)
    assert "is cancelled" in capsys.readouterr().err
