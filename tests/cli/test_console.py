"""What the system refuses: one line on stderr and an exit code, never a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from core.cli import console
from core.cli.main import app
from core.jobs.process import PROJECT
from tests.drawing import write_images


@pytest.mark.parametrize("command", [["sample", "/proc/nowhere/sample"], ["clean", "pets", "/proc/nowhere.zip"]])
def test_a_folder_that_cannot_be_written_is_said_in_one_line(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_images(tmp_path / "pets", {"cats": 2, "dogs": 2})
    monkeypatch.chdir(tmp_path)
    assert console.run(app, command) == 1
    said = capsys.readouterr().err
    assert len(said.strip().splitlines()) == 1
    assert "/proc/nowhere" in said
    assert "Traceback" not in said


def test_a_full_disk_is_said_with_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    full = typer.Typer()

    @full.command()
    def fill(name: str) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

    assert console.run(full, ["/data/run.json"]) == 1
    assert capsys.readouterr().err.startswith("/data/run.json: No space left on device.")


@pytest.mark.parametrize("command", [["--help"], ["runs", "--json"]])  # what Typer writes, and what we do
def test_a_reader_that_has_had_enough_is_no_error(command: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run(
            [sys.executable, "-m", "core", *command], cwd=PROJECT, stdout=pipe, stderr=subprocess.PIPE, text=True
        )
    assert (done.returncode, done.stderr) == (141, "")


def test_in_a_pipe_each_row_of_a_table_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_table(("name", "n"), [("猫" * 60, "1"), ("two\nlines [red]\x1b", "2")])
    width = 120
    assert capsys.readouterr().out.splitlines() == [
        "name" + " " * (width - 4) + "  n",
        "猫" * 60 + "  1",
        "two\\nlines [red]\\x1b" + " " * (width - 20) + "  2",
    ]


@pytest.mark.parametrize("command", [["export", "a" * 300, "out.zip"], ["report", "b" * 300, "out.html"]])
def test_a_name_too_long_for_a_file_is_a_run_that_is_not_there(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.run(app, [*command[:2], str(tmp_path / command[2])]) == console.BAD_INPUT
    assert "There is no run" in capsys.readouterr().err


def test_a_terminal_follows_no_code_in_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    name = "\x1b]0;evil\x07[red]cats\u202e"
    console.out.print(console.escape(name), soft_wrap=True)
    assert capsys.readouterr().out == "\\x1b]0;evil\\x07[red]cats\\u202e\n"
    console.run(app, ["scan", f"/nowhere/{name}"])
    assert not {"\x1b", "\x07", "\u202e"} & set(capsys.readouterr().err)
