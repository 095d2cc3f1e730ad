"""Drawn pictures rich enough to be told apart, in files, with the records that a scan would make of them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.datasets.records import Dataset, ImageRecord
from core.datasets.sample import draw_picture
from core.datasets.signature import signature


@cache
def drawing(number: int) -> Image.Image:
    """A drawn cat or dog, another one for each number."""
    return draw_picture("cat" if number % 2 else "dog", np.random.default_rng([7, number]))


def small_grey(picture: Image.Image) -> NDArray[np.uint8]:
    """uint8 grey, at most 64 a side, area averaged, as a scan hands to `signature`."""
    return np.asarray(picture.convert("L").reduce(-(-max(picture.size) // 64)))


def write_pictures(root: Path, pictures: Mapping[str, Image.Image], quality: int = 85) -> Dataset:
    """The pictures as files, JPEG unless the name says otherwise; "train/cats/a.jpg" gives split and label."""
    records = []
    for path, picture in pictures.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        picture.save(file, quality=quality)
        content = file.read_bytes()
        split, label, _ = path.split("/")
        facts = hashlib.sha256(content).hexdigest(), len(content), picture.width, picture.height, "JPEG", "RGB"
        records.append(ImageRecord(path, split, label, *facts, signature=signature(small_grey(picture))))
    return make_dataset(root, records)


def make_dataset(root: Path, records: list[ImageRecord]) -> Dataset:
    labels = tuple({record.label for record in records})
    return Dataset("test", root, "test", "folder", tuple(records), labels)
