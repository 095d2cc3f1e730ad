"""Which images stand for a dataset."""

from pathlib import Path

from core.datasets import Edits, open_dataset
from core.datasets.examples import example_images
from tests.drawing import write_images


def test_classes_take_turns_and_each_is_spread_evenly(tmp_path: Path) -> None:
    data = open_dataset(write_images(tmp_path / "pets", {"train/a": 8, "train/b": 2, "validation/a": 2}))
    shown = [record.path for record in example_images(data, 6)]
    assert shown == ["train/a/0.jpg", "train/b/0.jpg", "train/a/2.jpg", "train/b/1.jpg", "train/a/5.jpg"]


def test_more_classes_than_places_show_the_first_ones(tmp_path: Path) -> None:
    data = open_dataset(write_images(tmp_path / "many", {f"train/{number}": 2 for number in range(5)}))
    assert [record.label for record in example_images(data, 3)] == ["0", "1", "2"]


def test_without_training_images_others_are_shown_and_excluded_ones_never(tmp_path: Path) -> None:
    data = open_dataset(write_images(tmp_path / "pets", {"train/a": 2, "train/b": 2, "validation/a": 2}))
    edits = Edits.load(data)
    edits.exclude(data.usable("train"))
    assert {record.split for record in example_images(edits.apply(data), 4)} == {"validation"}
    edits.exclude(data.usable())
    assert example_images(edits.apply(data), 4) == []
