"""What classifying cannot do without, and nothing else: a decode by Pillow, and a run of ONNX Runtime."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from benchmarks.common import CORES, seconds
from core.backbone.architecture import IMAGE
from core.images.decode import DRAFT_SIDES


def decode(file: Path, size: int) -> NDArray[np.uint8]:
    """uint8 (size, size, 3), a JPEG at the scale at which the app decodes it."""
    with Image.open(file) as image:
        reduced = image.draft("RGB", (DRAFT_SIDES * size, DRAFT_SIDES * size))
        box = reduced[1] if reduced else None
        return np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR, box))


def decode_all(files: list[Path], size: int) -> NDArray[np.uint8]:
    """uint8 (files, size, size, 3), on all cores."""
    with ThreadPoolExecutor(CORES) as pool:
        return np.stack(list(pool.map(lambda file: decode(file, size), files)))


def onnx_seconds(session: onnxruntime.InferenceSession, images: NDArray[np.uint8], output: str, batch: int) -> float:
    """A thread a core, each with `batch` images a call, on a session of one thread."""

    def part(start: int) -> None:
        session.run([output], {IMAGE: images[start : start + batch].astype(np.float32)})

    def work() -> None:
        with ThreadPoolExecutor(CORES) as pool:
            list(pool.map(part, range(0, len(images), batch)))

    return seconds(work)
