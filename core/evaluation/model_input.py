"""The image behind a row of a run's predictions, as the model gets it: the original, or its augmented copy."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from core.augmentation import augment
from core.datasets import Dataset, ImageRecord
from core.errors import ImageError
from core.images.isolated import load_image
from core.inference.grad_cam import Explainer, overlay
from core.runs.feature_plan import copies_of
from core.runs.run import Run

QUALITY = 82  # of the JPEGs


def copy_of(run: Run, row: int) -> int:
    """0 for a row of an original image, else the number of its copy (with `augment_validation`)."""
    copies = copies_of(run.config, "validation")
    return row % (1 + copies)


def model_input(run: Run, dataset: Dataset, record: ImageRecord, copy: int = 0) -> NDArray[np.uint8]:
    """uint8 (image_size, image_size, 3), RGB: the model's input, for the image itself or one of its copies (`copy_of`).

    Raises:
        ImageError: The file is gone, or no longer an image.
    """
    square = load_image(dataset.file(record), run.config.image_size, crop=run.config.crop)
    if copy:
        square = augment(square, run.config.augmentation, run.config.seed, record.digest, copy)[0]
    return square


def explained_jpeg(
    run: Run, dataset: Dataset, record: ImageRecord, copy: int, explainer: Explainer, label: int
) -> tuple[bytes, str]:
    """The image with the Grad-CAM of class `label` over it as a JPEG, and ""; or b"" and the reason."""
    try:
        square = model_input(run, dataset, record, copy)
    except ImageError as error:
        return b"", error.received
    return to_jpeg(overlay(square, explainer.explain(square, label), strength=0.45)), ""


def to_jpeg(image: NDArray[np.uint8]) -> bytes:
    """uint8 (height, width, 3), RGB, as a JPEG."""
    content = io.BytesIO()
    Image.fromarray(image).save(content, "JPEG", quality=QUALITY)
    return content.getvalue()
