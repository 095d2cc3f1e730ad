"""The command line as a user calls it: a process of its own, its stdout, its exit code."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from core.cli import console
from core.cli.main import app
from core.datasets import Edits, open_dataset
from core.datasets.collect.importing import import_files
from core.datasets.collect.store import create_collection
from core.datasets.edits.sidecar import edits_file
from core.jobs.process import PROJECT
from core.runs.run import Run
from core.runs.store import list_runs
from tests.cli.calling import core, process
from tests.drawing import image_bytes, make_zip, write_images, zip_folder
from tests.trained import copied


def test_scan_prints_the_report(drawn: Path) -> None:
    """That `sample` draws a dataset to scan is shown in tests/test_wheel.py: it takes many seconds."""
    result = process("scan", drawn, "--json").result
    groups = {"duplicates", "near_duplicates", "leaks", "label_conflicts"}
    assert set(result) == {"classes", "counts", "unreadable", "fingerprint", "seconds", "edits", "loose"} | groups
    assert all(isinstance(result[key], list) for key in groups)
    assert result["classes"] == ["cats", "dogs"]
    assert set(result["counts"]) == {"train", "validation"}


def test_scan_names_what_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write_images(tmp_path / "data", {"train/a": 4, "train/b": 4, "validation/a": 2, "validation/b": 2})
    (data / "train" / "a" / "bad.jpg").write_bytes(b"no image")
    (row,) = core("scan", data, "--json").result["unreadable"]
    assert row["path"] == "train/a/bad.jpg"
    assert row["reason"]
    assert console.run(app, ["scan", str(data)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["class  train  validation", "a      4      2", "b      4      2"]
    assert f"unreadable: train/a/bad.jpg: {row['reason']}" in lines
    (why,) = [line for line in lines if line.startswith("Unreadable")]  # longer than 80 characters, and not wrapped
    assert why.split("  ")[0] == "Unreadable" and why.endswith(".")


def test_a_zip_is_scanned_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data.zip").write_bytes(zip_folder(write_images(tmp_path / "data", SPLIT)))
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("PAWLAB_HOME", "/proc/nowhere")
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    assert process("scan", tmp_path / "data.zip", "--json").result["counts"]["train"] == {"a": 4, "b": 4}
    assert list((tmp_path / "scratch").iterdir()) == []


SPLIT = {"train/a": 4, "train/b": 4, "validation/a": 2, "validation/b": 2}


def test_clean_writes_what_edits_leave_and_scans_to_the_same(tmp_path: Path) -> None:
    dataset = open_dataset(write_images(tmp_path / "data", SPLIT))
    edits = Edits.load(dataset)
    edits.exclude(dataset.usable("train")[:1])
    edits.relabel(dataset.usable("validation")[:1], "b")
    result = core("clean", tmp_path / "data", tmp_path / "out.zip", "--json").result
    assert result["left_out"] == {"excluded": 1, "unreadable": 0}
    assert result["counts"] == {"train": {"a": 3, "b": 4}, "validation": {"a": 1, "b": 3}}
    assert open_dataset(tmp_path / "out.zip").counts() == result["counts"]
    said = core("clean", tmp_path / "data", tmp_path / "out.zip", "--drop", "unreadable", "--force").stdout
    assert "Wrote 11 images" in said
    assert "Left out: 1 excluded" in said


def test_clean_replaces_a_file_only_by_force_and_the_dataset_never(tmp_path: Path) -> None:
    (tmp_path / "data.zip").write_bytes(zip_folder(write_images(tmp_path / "data", SPLIT)))
    (tmp_path / "out.zip").write_bytes(b"precious")
    assert "--force" in core("clean", tmp_path / "data.zip", tmp_path / "out.zip", code=2).stderr
    assert (tmp_path / "out.zip").read_bytes() == b"precious"
    before = (tmp_path / "data.zip").read_bytes()
    said = core("clean", tmp_path / "data.zip", tmp_path / "data.zip", "--force", code=2).stderr
    assert "the dataset itself" in said
    assert (tmp_path / "data.zip").read_bytes() == before


def test_broken_edits_are_bad_input_once(tmp_path: Path) -> None:
    data = write_images(tmp_path / "data", SPLIT)
    edits_file(data).write_bytes(b"{")
    for command in (("clean", data, tmp_path / "out.zip"), ("train", "--data", data)):
        edits_file(data).write_bytes(b"{")
        assert "without edits" in core(*command, code=2).stderr
    assert list_runs().runs == []
    core("clean", data, tmp_path / "out.zip")


def test_evaluate_scores_the_test_split_and_other_images(
    trained_with_test: Run, tmp_path: Path, pawlab_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(trained_with_test, pawlab_home)
    result = core("evaluate", run.id, "--on", "test", "--json").result
    assert (result["split"], result["images"]) == ("test", 18)
    assert result["interval"][0] <= result["accuracy"] <= result["interval"][1]
    assert 0 <= result["macro_f1"] <= 1
    assert {name: facts["images"] for name, facts in result["classes"].items()} == {"cats": 9, "dogs": 9}
    assert (result["clean"]["leaks"], result["notes"]) == (2, [])
    assert result["sets"]["level"] == 0.9
    assert 1 <= result["sets"]["mean_size"] <= 2
    assert result["sets"]["coverage"] >= result["accuracy"]  # the most probable class is in each set
    assert sum(map(sum, result["confusion"])) == 18
    zipped = tmp_path / "cats only.zip"
    zipped.write_bytes(zip_folder(Path(run.source) / "test", "deep/"))
    said = core("evaluate", run.id, "--on", zipped).stdout
    assert "sets: at 90%, the true class is in" in said
    assert f"accuracy: {100 * result['accuracy']:.1f}%" in said
    assert "on validation: 16 images" in core("evaluate", run.id).stdout
    pets = create_collection("more pets")
    pets.add_class("cats")
    import_files(pets, "cats", [(path.name, path.read_bytes()) for path in (Path(run.source) / "test/cats").iterdir()])
    assert console.run(app, ["evaluate", run.id, "--on", "more pets"]) == 0
    assert "more pets: 9 images" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate",),
        ("evaluate", "nothing"),
        ("scan", "/nowhere"),
        ("clean", "sample"),
        ("clean", "/nowhere", "/tmp/never-written.zip"),
        ("clean", "sample", PROJECT),
        ("clean", "sample", "/nowhere/out.zip"),
        ("clean", "sample", "x" * 300),
        ("clean", "sample", "/tmp/never-written.zip", "--drop", "leaks,everything"),
        ("scan",),
        ("scan", __file__),
        ("train", "--data", "/nowhere"),
        ("train",),
        ("train", "--data", "sample", "--epochs", "0"),
        ("train", "--data", "sample", "--epochs", "many"),
        ("train", "--data", "sample", "--preset", "slow"),
        ("train", "--data", "sample", "--crop", "middle"),
        ("train", "--fine-tune", "nothing", "--crop", "center"),
        ("train", "--resume", "nothing"),
        ("train", "--resume", "nothing", "--data", "sample"),
        ("train", "--fine-tune", "nothing"),
        ("train", "--fine-tune", "nothing", "--seed", "1"),
        ("train", "--fine-tune", "nothing", "--preset", "fast"),
        ("train", "--data", "sample", "--layers", "20"),
        ("classify", "/nowhere.jpg", "--run", "nothing"),
        ("classify", "/nowhere.jpg"),
        ("report", "nothing", "/tmp/never-written.html"),
        ("sample", PROJECT),
        ("export", "nothing", "/tmp/never-written.zip"),
        ("export", "nothing"),
        ("import", "/nowhere.zip"),
        ("import", PROJECT),
        ("import", __file__),
        ("dance",),
    ],
)
def test_bad_input_ends_with_2_and_one_line(
    arguments: tuple[str | Path, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Within this process: that a process of its own does the same is seen of one of them below."""
    assert console.run(app, [str(argument) for argument in arguments]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert "Traceback" not in said.err


@pytest.mark.parametrize("option", [("--epochs", "9"), ("--name", "other"), ("--preset", "fast"), ("--seed", "1")])
def test_a_resumed_run_goes_on_as_it_was_begun(option: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """It was passed over in silence."""
    assert console.run(app, ["train", "--resume", "nothing", *option]) == 2
    assert "--resume alone" in capsys.readouterr().err


def test_usage_errors_name_the_commands_own_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run(app, ["train", "--epochs", "many"]) == 2
    assert capsys.readouterr().err.endswith(". See: python -m core train --help\n")


def test_without_arguments_it_is_a_look_at_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert console.run(app, []) == 0
    alone = capsys.readouterr()
    assert console.run(app, ["--help"]) == 0
    assert alone.out == capsys.readouterr().out
    assert len(alone.out.splitlines()) > 10


@pytest.mark.parametrize("group", [[], ["runs"], ["project"]])
def test_the_help_says_of_each_command_in_one_line_what_it_does(
    group: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It cuts sentences that are too long for a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    assert console.run(app, [*group, "--help"]) == 0
    commands = capsys.readouterr().out.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert len(commands) >= 2
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []


def test_ctrl_c_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Typer turns it into a code without a word."""
    said = io.StringIO()
    monkeypatch.setattr(sys, "stderr", said)
    stopping = typer.Typer()

    @stopping.command()
    def work() -> None:
        raise KeyboardInterrupt

    assert console.run(stopping, ["--"]) == 130
    assert said.getvalue() == "Stopped.\n"


def test_ctrl_c_while_modules_load_ends_without_a_traceback(tmp_path: Path) -> None:
    """What stands in for a module of ours interrupts the process from within its import."""
    shim = tmp_path / "typer.py"
    shim.write_text("import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(60)\n")
    done = subprocess.run(
        [sys.executable, "-m", "core", "runs"],
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (130, "Stopped.\n")


def test_bad_input_ends_a_process_with_2_and_one_line() -> None:
    done = process("scan", "/nowhere", code=2)
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_hostile_zip_is_bad_input(tmp_path: Path) -> None:
    archive = tmp_path / "evil.zip"
    archive.write_bytes(make_zip({"../../evil.jpg": image_bytes()}))
    assert "evil" in core("scan", archive, code=2).stderr


def test_a_report_is_written_and_replaces_a_file_only_by_force(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "report.html"
    result = core("report", trained.directory, target, "--json").result
    assert result == {"run": trained.id, "file": str(target), "bytes": target.stat().st_size}
    before = target.read_bytes()
    assert b"<svg" in before
    for place, reason in ((target, "--force"), (tmp_path, "cannot be a file")):
        assert console.run(app, ["report", str(trained.directory), str(place)]) == 2
        assert reason in capsys.readouterr().err
    assert target.read_bytes() == before
