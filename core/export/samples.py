"""The images that a bundle is verified on: some of the run's validation images, and drawn files of unusual formats."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from core.datasets import Dataset
from core.datasets.sample.sample import draw_image
from core.datasets.stratified import choose
from core.errors import Cancelled, PawlabError
from core.evaluation.robustness import training_dataset
from core.export.load_img import MAX_PHOTOS
from core.jobs.progress import Progress
from core.runs.run import Run

NUM = 16
DIGEST = 16  # hexadecimal digits of a SHA-256 that tell images apart
ORIENTATION = 0x0112


@dataclass(frozen=True)
class Samples:
    """Files to compare on. `images` are validation images of the run, or drawings where `dataset` is None: `missing`
    says why. `awkward` are drawn files in formats that decoders disagree about. `photos` are more validation images,
    for Keras' own decoder."""

    images: tuple[Path, ...]
    awkward: tuple[Path, ...]
    dataset: Dataset | None = None
    missing: str = ""
    photos: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        return self.images + self.awkward


def take_samples(run: Run, folder: Path, progress: Progress) -> Samples:
    """At most `NUM` validation images, stratified by class, where the run's dataset is still the same; else drawings.

    Args:
        folder: For drawn files.
        progress: Reports the phases of `open_dataset`.

    Raises:
        RunError: The run has no model.
        Cancelled: From `progress`.
    """
    awkward = tuple(_written(folder, awkward_images()))
    run.summary()  # raises for a run without a model
    try:
        dataset = training_dataset(run, progress)
    except Cancelled:
        raise
    except PawlabError:
        # Not the error's message, which may name a folder: others read the model card.
        why = "the run was imported without them" if run.is_imported else "they cannot be opened, or have changed"
        return Samples(tuple(_written(folder, drawn_images())), awkward, None, why)
    images, photos = (
        tuple(dataset.file(record) for record in choose(dataset.usable("validation"), number, 0))
        for number in (NUM, MAX_PHOTOS)
    )
    return Samples(images, awkward, dataset, photos=photos)


def awkward_images() -> Iterator[tuple[str, bytes]]:
    """(name, content) of files in every supported format and pixel mode, and of one that is not an image."""
    drawing = draw_image("cat", np.random.default_rng(0))
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    wide = drawing.resize((640, 300))
    yield "rotated.jpg", _encoded(wide, "JPEG", exif=exif)
    yield "large.jpg", _encoded(drawing.resize((2603, 1901)), "JPEG")  # decoded at a reduced scale
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
    yield "no image.jpg", b"this is text"


def drawn_images() -> Iterator[tuple[str, bytes]]:
    """(name, content) of `NUM` drawn cats and dogs, the same each time."""
    for number in range(NUM):
        image = draw_image("cat" if number % 2 else "dog", np.random.default_rng([7, number]))
        yield f"drawn {number}.png", _encoded(image, "PNG")


def _encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def _written(folder: Path, images: Iterator[tuple[str, bytes]]) -> Iterator[Path]:
    for name, content in images:
        path = folder / name
        path.write_bytes(content)
        yield path


def digests(dataset: Dataset) -> dict[str, dict[str, list[str]]]:
    """The first digits of each usable image's SHA-256, by split and class: identifies the images wherever they are,
    and reveals nothing of their names."""
    digests_of: dict[str, dict[str, list[str]]] = {}
    for record in dataset.usable():
        digests_of.setdefault(record.split, {}).setdefault(record.label, []).append(record.digest[:DIGEST])
    return digests_of
