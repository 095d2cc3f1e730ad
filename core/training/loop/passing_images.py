"""Writes thumbnails of the images that have just passed the base (`core.runs.passing_images`)."""

import io
import shutil
from pathlib import Path
from typing import Any

from PIL import Image

from core.augmentation import augment
from core.backbone.features import FeaturePlan
from core.datasets import Dataset, ImageRecord
from core.errors import ImageError
from core.images.isolated import load_scanned_image
from core.runs.passing_images import FOLDER, file_name
from core.storage.files import write_atomic

SIDE = 128  # pixels
QUALITY = 80


class PassingImages:
    """Lays out thumbnails under `directory`, the run's folder."""

    def __init__(self, directory: Path) -> None:
        self._folder = directory / FOLDER
        self._number = 0

    def lay_out(self, dataset: Dataset, record: ImageRecord, plan: FeaturePlan) -> dict[str, Any]:
        """Writes the next thumbnail, of the image itself and of its copies in turn, and returns the field of its event.
        Nothing where the image cannot be read: extraction reports the reason."""
        copy = self._number % (1 + plan.copies)
        try:
            pixels = load_scanned_image(dataset.file(record), plan.image_size, crop=plan.crop)
        except ImageError:
            return {}
        if copy:
            pixels, _ = augment(pixels, plan.augmentation, plan.seed, record.digest, copy)
        jpeg = io.BytesIO()
        Image.fromarray(pixels).resize((SIDE, SIDE)).save(jpeg, "JPEG", quality=QUALITY)
        self._folder.mkdir(exist_ok=True)
        write_atomic(self._folder / file_name(self._number), jpeg.getvalue())
        self._number += 1
        return {"image": {"number": self._number - 1, "path": record.path, "label": record.label, "copy": copy}}

    def clear(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
