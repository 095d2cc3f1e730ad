"""Small images, folders of them and zips, drawn by code: no fixture file is committed."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def draw_image(seed: int = 0, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Image.Image:
    """A smooth image of its own for each seed, with four different corners, so that a turned one is told apart.

    Args:
        size: (width, height) in pixels.
        mode: Any mode that Pillow converts RGB to.
    """
    corners = np.random.default_rng(seed).integers(0, 256, (2, 2, 3), dtype=np.uint8)
    return Image.fromarray(corners).resize(size, Image.Resampling.BILINEAR).convert(mode)


def encode(image: Image.Image, format: str = "JPEG", **options: Any) -> bytes:
    """The image as the content of a file; `options` are Pillow's."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def image_bytes(
    seed: int = 0, size: tuple[int, int] = (64, 48), mode: str = "RGB", format: str = "JPEG", **options: Any
) -> bytes:
    """`encode` of `draw_image`."""
    return encode(draw_image(seed, size, mode), format, **options)


def write_images(folder: Path, counts: Mapping[str, int], size: tuple[int, int] = (64, 48)) -> Path:
    """Fills `folder`, which is made when missing: {"train/cats": 5} gives train/cats/0.jpg ... 4.jpg. No two images
    of a call have the same bytes."""
    seed = 0
    for path, count in counts.items():
        (folder / path).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            (folder / path / f"{number}.jpg").write_bytes(image_bytes(seed, size))
            seed += 1
    return folder


def make_zip(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip with exactly these names, however odd, and contents, in this order; "a/" is a folder."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo()
            info.filename = name  # the constructor would cut the name at a NUL
            archive.writestr(info, content, compression)
    return file.getvalue()


def zip_folder(folder: Path, wrapping: str = "") -> bytes:
    """The folder as a zip; `wrapping` is put before every name, such as "photos/"."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return make_zip({wrapping + path.relative_to(folder).as_posix(): path.read_bytes() for path in files})
