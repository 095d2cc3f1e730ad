"""How images look apart from what they show: border, colours, and what cameras wrote. Measured once for each image, on
a square of 50 pixels, and cached by content.

Colourfulness is that of D. Hasler and S. Süsstrunk, "Measuring colourfulness in natural images", SPIE 5007, 2003: 0 for
grey, about 33 for what people call moderately and 82 for what they call highly colourful.
"""

import hashlib
import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.advice.head import Floats
from core.datasets import Dataset, ImageRecord
from core.errors import DatasetError, ImageError
from core.images.isolated import load_images, read_exif
from core.jobs.parallel import ordered_map
from core.jobs.progress import Progress, silent
from core.storage.files import write_atomic
from core.storage.home import subfolder
from core.storage.npz import load_npz

VERSION = 2  # raise it when the same image gives other numbers
SIDE = 50  # pixels
BORDER = 5  # pixels on each side: a tenth
BLOCKS = 4 * (SIDE // BORDER - 1)  # squares that the border is made of
CAMERA_LENGTH = 80  # characters
_CHUNK = 16  # images that a worker takes at once


@dataclass(frozen=True)
class Looks:
    """Of images, a row for each.

    Attributes:
        border: float32 (images, 144): red, green, blue, 0..1, and the grey levels' standard deviation of each of the 36
            squares that the border is made of, clockwise.
        colour: float32 (images, 3): the mean red, green and blue, 0..1.
        colourfulness: float32 (images,), 0 and up.
        camera: Text (images,): which facts stand in the EXIF block, and the camera's model; "" where there is
            no block.
    """

    border: Floats
    colour: Floats
    colourfulness: Floats
    camera: NDArray[np.str_]


def looks_of(dataset: Dataset, records: Sequence[ImageRecord], progress: Progress = silent) -> Looks:
    """The looks of the records, which decode.

    Args:
        progress: Told of the phase "looks", in images. What it raises stops the work, and nothing is cached.

    Raises:
        DatasetError: A file no longer decodes although it did when the dataset was opened.
    """
    distinct = {record.digest: record for record in (*dataset.readable(), *records)}  # those that edits left out too
    digests = sorted(distinct)
    cache = _cache_file(digests)
    looks = _cached(cache, len(digests))
    if looks is None:
        looks = _measured(dataset, [distinct[digest] for digest in digests], progress)
        content = io.BytesIO()
        np.savez(content, **vars(looks))
        with suppress(OSError):  # a full disk costs the next time, not this one
            write_atomic(cache, content.getvalue())
    places = {digest: place for place, digest in enumerate(digests)}
    rows = np.array([places[record.digest] for record in records], np.int64)
    return Looks(*(array[rows] for array in vars(looks).values()))


def _measured(dataset: Dataset, records: list[ImageRecord], progress: Progress) -> Looks:
    def look(start: int) -> list[tuple[Floats, Floats, float, str]]:
        chunk = records[start : start + _CHUNK]
        images = load_images([dataset.file(record) for record in chunk], SIDE, crop="squeeze")
        return [_look(dataset, record, image) for record, image in zip(chunk, images, strict=True)]

    rows: list[tuple[Floats, Floats, float, str]] = []
    progress("looks", 0, len(records))
    for some in ordered_map(look, range(0, len(records), _CHUNK), "looks"):
        rows += some
        progress("looks", len(rows), len(records))
    border, colour, colourfulness, camera = zip(*rows, strict=True)
    return Looks(np.stack(border), np.stack(colour), np.array(colourfulness, np.float32), np.array(camera, "U80"))


def _look(
    dataset: Dataset, record: ImageRecord, image: NDArray[np.uint8] | ImageError
) -> tuple[Floats, Floats, float, str]:
    try:
        if isinstance(image, ImageError):
            raise image
        exif = read_exif(dataset.file(record))
    except ImageError as error:
        raise DatasetError(
            f"{record.path} decoded when the dataset was opened and no longer does: {error.received}",
            "files that stay as they are while they are read",
            "Open the dataset again",
        ) from error
    camera = f"{exif.facts.get('Camera model', '')} {'+'.join(exif.facts)}".strip()[:CAMERA_LENGTH]
    camera = camera or ("a block that says nothing" if exif.block else "")
    pixels: Floats = image.astype(np.float32) / np.float32(255)
    return border_of(pixels), pixels.mean(axis=(0, 1)), colourfulness_of(pixels), camera


def border_of(pixels: Floats) -> Floats:
    """float32 (144,): the border of an image, float32 (50, 50, 3), 0..1."""
    number = SIDE // BORDER
    blocks = pixels.reshape(number, BORDER, number, BORDER, 3).swapaxes(1, 2)  # (row, column, 5, 5, 3)
    ring = np.concatenate([blocks[0, :-1], blocks[:-1, -1], blocks[-1, :0:-1], blocks[:0:-1, 0]])
    spread = ring.mean(axis=-1).std(axis=(1, 2))
    return np.asarray(np.column_stack([ring.mean(axis=(1, 2)), spread]).ravel(), np.float32)


def colourfulness_of(pixels: Floats) -> float:
    """The colourfulness of an image, float32 (height, width, 3), 0..1."""
    red, green, blue = 255 * pixels.reshape(-1, 3).T
    opponents = np.stack([red - green, (red + green) / 2 - blue])
    return float(np.hypot(*opponents.std(axis=1)) + 0.3 * np.hypot(*opponents.mean(axis=1)))


def _cache_file(digests: list[str]) -> Path:
    content = hashlib.sha256(f"{VERSION} {' '.join(digests)}".encode())
    return subfolder("cache", "advice") / f"looks-{content.hexdigest()[:20]}.npz"


def _cached(cache: Path, number: int) -> Looks | None:
    """The cached looks; None if there are none, or they cannot have been written by `looks_of`."""
    try:
        looks = Looks(*load_npz(cache, *Looks.__dataclass_fields__))
    except (OSError, KeyError, ValueError):
        return None
    shapes = [array.shape for array in vars(looks).values()]
    sound = shapes == [(number, 4 * BLOCKS), (number, 3), (number,), (number,)]
    sound = sound and all(array.dtype == np.float32 for array in (looks.border, looks.colour, looks.colourfulness))
    return looks if sound and looks.camera.dtype.kind == "U" and np.isfinite(looks.border).all() else None
