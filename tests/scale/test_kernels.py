"""Predictions and scans as parts say what the commands say without them."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from core.cli import console
from core.cli.main import app
from core.runs.run import Run
from core.storage.parts import PartsFolder, finished
from tests.drawing import write_images
from tests.trained import copied


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_predictions_are_those_of_the_csv(
    trained: Run, pawlab_home: Path, drawn: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied(trained, pawlab_home)
    photos = tmp_path / "photos"
    shutil.copytree(drawn / "validation", photos)
    (photos / "torn.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / "list.txt").write_text(f"{photos}/torn.jpg\n")
    assert console.run(app, ["classify", str(photos), "--run", run.id, "--csv", str(tmp_path / "t.csv"), "--json"]) == 1
    expected = last_line(capsys)
    inputs = [str(photos), str(tmp_path / "list.txt"), photos.as_uri()]
    assert console.run(app, ["classify", *inputs, "--run", run.id, "--out", str(tmp_path / "out"), "--json"]) == 1
    got = last_line(capsys)
    assert expected.keys() <= got.keys()
    assert got["errors"] == 3
    folder = PartsFolder(str(tmp_path / "out"))
    rows = {row["path"]: row for key in folder.part_keys() for row in folder.read(key).to_pylist()}
    classes = finished(folder, "predictions").settings["classes"]
    with (tmp_path / "t.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(rows) == 2 * len(table)  # by path and by address; the list's one is a path of these
    for line in table:
        for row in (rows[line["path"]], rows[Path(line["path"]).as_uri()]):
            assert row["reason"] == line["error"]
            if not row["reason"]:
                assert row["predicted"] == line["label"]
                assert row["probabilities"] == [float(np.float32(line[name])) for name in classes]
                assert row["distance"] == float(np.float32(line["distance"]))
                assert str(row["unlike"]).lower() == line["unlike"]
                assert " | ".join(row["set"] or ()) == line["set"]


def test_a_scan_into_parts_reports_what_a_scan_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pets = write_images(tmp_path / "pets", {"train/a": 5, "train/b": 5, "validation/a": 2})
    shutil.copyfile(pets / "train" / "a" / "0.jpg", pets / "validation" / "a" / "leak.jpg")
    (pets / "train" / "b" / "bad.png").write_bytes(b"no image")
    copy = tmp_path / "copy" / "pets"
    shutil.copytree(pets, copy)  # of which nothing is remembered
    assert console.run(app, ["scan", str(pets), "--json"]) == 0
    expected = last_line(capsys) | {"seconds": 0}
    assert console.run(app, ["scan", str(copy), "--out", str(tmp_path / "out"), "--json"]) == 0
    assert last_line(capsys) | {"seconds": 0} == expected
    assert console.run(app, ["scan", copy.as_uri(), "--out", str(tmp_path / "far"), "--json"]) == 0
    here, there = (PartsFolder(str(tmp_path / name)) for name in ("out", "far"))
    rows = [
        sorted(
            (row | {"changed": None} for key in folder.part_keys() for row in folder.read(key).to_pylist()),
            key=lambda row: str(row["path"]),
        )
        for folder in (here, there)
    ]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 14


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["classify", "x.jpg", "--run", "r", "--engine", "ray"], "--out"),
        (["classify", "x.jpg", "--run", "r", "--out", "o", "--csv", "t.csv"], "--csv"),
        (["scan", "sample", "--resume"], "--out"),
        (["features", "sample", "o", "--engine", "spark"], "local or ray"),
        (["features", "sample", "o", "--address", "10.0.0.1:6379"], "--engine ray"),
        (["features", "sample", "o", "--pooling", "max"], "average or flatten"),
    ],
)
def test_options_that_do_not_fit_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], ready_home: Path
) -> None:
    assert console.run(app, arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_without_the_extra_one_line_says_how_to_get_it(
    ready_home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # what an import finds where it is not installed
    assert console.run(app, ["features", "sample", "o", "--engine", "ray"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert 'pip install "pawlab[ray]"' in line
