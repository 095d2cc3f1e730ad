"""What `clean --drop` and `scan --json` take from the report (`core.datasets.quality.report`)."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.datasets import Edits, open_dataset
from core.datasets.edits.export_zip import write_cleaned
from core.jobs.process import PROJECT
from tests.datasets.look_alike_files import drawing
from tests.drawing import write_images


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    """A dataset with a leak, a pair of duplicates within training and a file that is no image."""
    folder = write_images(
        tmp_path / "pets", {"train/a": 5, "train/b": 5, "validation/a": 3, "validation/b": 3}, (96, 64)
    )
    shutil.copy(folder / "train/a/0.jpg", folder / "validation/a/leak.jpg")
    shutil.copy(folder / "train/b/0.jpg", folder / "train/b/copy.jpg")
    (folder / "train/b/bad.jpg").write_bytes(b"no image")
    return folder


def scan(folder: Path) -> Any:
    command = [sys.executable, "-m", "core", "scan", str(folder), "--json"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_scan_lists_the_planted_groups_by_path_and_the_edits(dirty: Path) -> None:
    result = scan(dirty)
    assert ["train/a/0.jpg", "validation/a/leak.jpg"] in [sorted(group) for group in result["leaks"]]
    assert ["train/b/0.jpg", "train/b/copy.jpg"] in [sorted(group) for group in result["duplicates"]]
    assert result["label_conflicts"] == []
    assert result["edits"] == {"excluded": 0, "relabelled": 0}


def test_an_excluded_leak_is_none(dirty: Path) -> None:
    dataset = open_dataset(dirty)
    Edits.load(dataset).exclude([record for record in dataset.records if record.path == "validation/a/leak.jpg"])
    result = scan(dirty)
    assert result["leaks"] == []
    assert result["edits"] == {"excluded": 1, "relabelled": 0}


@pytest.mark.parametrize("drop", [["leaks"], ["duplicates"], ["leaks", "duplicates"], ["duplicates", "leaks"]])
def test_each_image_stays_once_whatever_is_dropped(dirty: Path, tmp_path: Path, drop: list[str]) -> None:
    dataset = open_dataset(dirty)
    summary = write_cleaned(dataset, tmp_path / "out.zip", drop)
    kept = [record.digest for record in open_dataset(tmp_path / "out.zip").usable()]
    assert set(kept) == {record.digest for record in dataset.usable()}, "the last copy of an image was dropped"
    taken = {name: count for name, count in summary["left_out"].items() if name not in ("excluded", "unreadable")}
    assert sum(taken.values()) == len(dataset.usable()) - len(kept)
    if set(drop) >= {"leaks", "duplicates"}:
        assert len(kept) == len(set(kept))


def test_dropping_leaks_leaves_none(dirty: Path, tmp_path: Path) -> None:
    write_cleaned(open_dataset(dirty), tmp_path / "out.zip", ["leaks"])
    assert scan(tmp_path / "out.zip")["leaks"] == []


def test_dropping_near_duplicates_keeps_one_of_them(dirty: Path, tmp_path: Path) -> None:
    drawing(1).save(dirty / "train/a/1.jpg", quality=95)
    drawing(1).save(dirty / "train/a/again.jpg", quality=60)
    dataset = open_dataset(dirty)
    summary = write_cleaned(dataset, tmp_path / "out.zip", ["near_duplicates"])
    assert summary["left_out"]["near_duplicates"] >= 1
    near = {record.digest for record in dataset.records if record.path in ("train/a/1.jpg", "train/a/again.jpg")}
    assert len(near & {record.digest for record in open_dataset(tmp_path / "out.zip").usable()}) == 1
