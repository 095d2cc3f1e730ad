"""Drawn images rich enough to be told apart, in files, with the records that a scan would make of them."""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.datasets.quality.signature import signature
from core.datasets.records import Dataset, ImageRecord
from core.datasets.sample.sample import draw_image
from core.datasets.source import resolve_source


@cache
def drawing(number: int) -> Image.Image:
    """A drawn cat or dog, another one for each number."""
    return draw_image("cat" if number % 2 else "dog", np.random.default_rng([7, number]))


def small_grey(image: Image.Image) -> NDArray[np.uint8]:
    """uint8 grey, at most 64 a side, area averaged, as a scan hands to `signature`."""
    return np.asarray(image.convert("L").reduce(-(-max(image.size) // 64)))


def write_images(root: Path, images: Mapping[str, Image.Image], quality: int = 85) -> Dataset:
    """The images as files, JPEG unless the name says otherwise; "train/cats/a.jpg" gives split and label."""
    records = []
    for path, image in images.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        image.save(file, quality=quality)
        content = file.read_bytes()
        split, label, _ = path.split("/")
        facts = hashlib.sha256(content).hexdigest(), len(content), image.width, image.height, "JPEG", "RGB"
        records.append(ImageRecord(path, split, label, *facts, signature=signature(small_grey(image))))
    return make_dataset(root, records)


def make_dataset(root: Path, records: list[ImageRecord]) -> Dataset:
    labels = tuple({record.label for record in records})
    return Dataset(resolve_source("test"), root, tuple(records), labels)
