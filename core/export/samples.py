"""The pictures on which a bundle is verified: some that the run was validated on, and drawn ones of awkward kinds."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.datasets import Dataset
from core.datasets.sample import draw_picture
from core.errors import Cancelled, PawlabError
from core.inference.robustness import choose, data_of
from core.progress import Progress
from core.training.runs import BROUGHT_IN, Run

NUM = 16
DIGEST = 16  # hexadecimal digits of a SHA-256 that tell pictures apart
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Samples:
    """Files to compare on. `pictures` are photos of the run's validation set, or drawings where `dataset` is None:
    `missing` says why it cannot be opened. `awkward` are drawn files of kinds that decoders disagree about."""

    pictures: tuple[Path, ...]
    awkward: tuple[Path, ...]
    dataset: Dataset | None = None
    missing: str = ""

    @property
    def files(self) -> tuple[Path, ...]:
        return self.pictures + self.awkward


def take_samples(run: Run, folder: Path, progress: Progress) -> Samples:
    """At most `NUM` validation pictures, spread over the classes, where the run's data are still the same.

    Args:
        folder: Where drawn files go.
        progress: Told of the phases of `open_dataset`.

    Raises:
        RunError: The run has no model.
        Cancelled: From `progress`.
    """
    awkward = tuple(_written(folder, awkward_pictures()))
    run.summary()  # a run without a model is no matter of missing data
    try:
        dataset = data_of(run, progress)
    except Cancelled:
        raise
    except PawlabError:
        brought = run.source.startswith(BROUGHT_IN)
        # Not the error's own words, which may name a folder: the card goes to others.
        why = "the run was brought in without them" if brought else "they cannot be opened, or have changed"
        return Samples(tuple(_written(folder, _drawn())), awkward, None, why)
    chosen = choose(dataset.usable("validation"), NUM, 0)
    return Samples(tuple(dataset.file(record) for record in chosen), awkward, dataset)


def awkward_pictures() -> Iterator[tuple[str, bytes]]:
    """(name, content) of files of every format and kind of pixels that we decode, and of one that is no picture."""
    drawing = draw_picture("cat", np.random.default_rng(0))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    wide = drawing.resize((640, 300))
    yield "rotated.jpg", _encoded(wide, "JPEG", exif=exif)
    clear = wide.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    yield "alpha.png", _encoded(clear, "PNG")
    yield "alpha.webp", _encoded(clear, "WEBP", lossless=True)
    yield "cmyk.jpg", _encoded(wide.convert("CMYK"), "JPEG")
    frames = [wide.quantize(64), drawing.quantize(64)]
    yield "frames.gif", _encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield "palette.png", _encoded(wide.quantize(32), "PNG", transparency=3)
    grey = np.asarray(wide.convert("L")).astype(np.uint16) * 257
    yield "16bit.png", _encoded(Image.fromarray(grey), "PNG")
    yield "grey.bmp", _encoded(wide.convert("L"), "BMP")
    yield "rotated.tiff", _encoded(wide, "TIFF", exif=exif)
    yield "1x1.png", _encoded(Image.new("RGB", (1, 1), (200, 120, 40)), "PNG")
    yield "no picture.jpg", b"this is text"


def _drawn() -> Iterator[tuple[str, bytes]]:
    for number in range(NUM):
        picture = draw_picture("cat" if number % 2 else "dog", np.random.default_rng([7, number]))
        yield f"drawn {number}.png", _encoded(picture, "PNG")


def _encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def _written(folder: Path, pictures: Iterator[tuple[str, bytes]]) -> Iterator[Path]:
    for name, content in pictures:
        path = folder / name
        path.write_bytes(content)
        yield path


def digests(dataset: Dataset) -> dict[str, dict[str, list[str]]]:
    """The beginning of each usable picture's SHA-256, by split and class: finds the same pictures again wherever they
    lie, and says nothing of their names."""
    found: dict[str, dict[str, list[str]]] = {}
    for record in dataset.usable():
        found.setdefault(record.split, {}).setdefault(record.label, []).append(record.digest[:DIGEST])
    return found
