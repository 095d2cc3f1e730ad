"""How far predictions are from the app's where Keras' own `load_img` reads the images, and not Pawlab's decoder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import ImageError
from core.images.isolated import load_image
from core.inference.classifier import Classifier
from core.jobs.progress import Progress, silent

MAX_PHOTOS = 1000
BATCH = 32


@dataclass(frozen=True)
class LoadImgComparison:
    """`images` that both read, of which `same` have the same pixels; of the others, the largest `difference` of a
    probability, 0..1, and how many predicted classes are `changed`."""

    images: int
    same: int
    difference: float
    changed: int


def compare_load_img(
    file: Path, photos: Sequence[Path], classifier: Classifier, progress: Progress = silent
) -> LoadImgComparison | None:
    """Compares the pixels that `core.export.keras_side` wrote with the app's; the model runs where they differ.

    Args:
        file: Its `load_img.npy`, uint8 (photos, size, size, 3); black where `load_img` cannot read a photo.
        progress: Reports the phase "classify", in images.

    Returns:
        None where the file is missing or does not fit the photos, or there is nothing to compare.
    """
    try:
        theirs = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    size, crop = classifier.image_size, classifier.crop
    if theirs.dtype != np.uint8 or theirs.shape != (len(photos), size, size, 3):
        return None
    images = same = changed = 0
    difference = 0.0
    for start in range(0, len(photos), BATCH):
        progress("classify", start, len(photos))
        pairs = []
        for photo, loaded in zip(photos[start : start + BATCH], theirs[start : start + BATCH], strict=True):
            try:
                ours = load_image(photo, size, crop=crop)
            except ImageError:
                continue
            if loaded.any() or not ours.any():
                images += 1
                pairs.append((ours, np.asarray(loaded)))
        differing = [pair for pair in pairs if not np.array_equal(*pair)]
        same += len(pairs) - len(differing)
        if differing:
            ours_rows, their_rows = (classifier.predict(np.stack(side)) for side in zip(*differing, strict=True))
            difference = max(difference, float(np.abs(ours_rows - their_rows).max()))
            changed += int((ours_rows.argmax(axis=1) != their_rows.argmax(axis=1)).sum())
    return LoadImgComparison(images, same, difference, changed) if images else None
