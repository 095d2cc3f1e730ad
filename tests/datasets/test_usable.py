"""Excluded records are kept and not used."""

from pathlib import Path

from core.datasets import Dataset, ImageRecord
from core.datasets.source import resolve_source


def dataset(*records: ImageRecord) -> Dataset:
    return Dataset(resolve_source("/nowhere"), Path("/nowhere"), records, ("cats", "dogs"))


CAT = ImageRecord("train/cats/1.jpg", "train", "cats", "c1")
DOG = ImageRecord("train/dogs/1.jpg", "train", "dogs", "d1")
OUT = ImageRecord("train/dogs/2.jpg", "train", "dogs", "d2", excluded=True)


def test_an_excluded_image_is_readable_but_neither_usable_nor_counted() -> None:
    found = dataset(CAT, DOG, OUT)
    assert found.readable() == [CAT, DOG, OUT]
    assert found.usable() == found.usable("train") == [CAT, DOG]
    assert found.counts()["train"] == {"cats": 1, "dogs": 1}


def test_the_fingerprint_is_that_of_a_dataset_without_the_excluded_image() -> None:
    assert dataset(CAT, DOG, OUT).fingerprint == dataset(CAT, DOG).fingerprint
