"""The training images nearest to an image, by the distance of `core.backbone.neighbours`: examples behind a prediction.

They show what the base sees as similar; they do not prove why the model predicts what it does.
"""

from dataclasses import dataclass

import numpy as np

from core.backbone.neighbours import DIGEST_BYTES
from core.datasets import Dataset, ImageRecord
from core.images.isolated import load_image
from core.inference.classifier import Classifier


@dataclass(frozen=True)
class Neighbour:
    """A training image: the first bytes of its digest in hexadecimal, the label that the run was trained with, and its
    cosine distance, 0..1."""

    digest: str
    label: str
    distance: float


def nearest_images(classifier: Classifier, content: bytes) -> list[Neighbour]:
    """The five nearest in the run's reference set, nearest first; none where the run has no such set.

    Args:
        content: Of an image's file.

    Raises:
        ImageError: It is not an image in a supported format.
    """
    if classifier.neighbours is None:
        return []
    neighbours = classifier.neighbours
    square = load_image(content, classifier.image_size, crop=classifier.crop)
    feature = classifier.features(square[np.newaxis])[0]
    return [
        Neighbour(neighbours.images[row].tobytes().hex(), classifier.classes[neighbours.labels[row]], distance)
        for row, distance in neighbours.nearest(feature)
    ]


def records_of(neighbours: list[Neighbour], dataset: Dataset) -> list[ImageRecord | None]:
    """Their records among the training images of the run's `dataset`; None for one that is not among them."""
    records = {record.digest[: 2 * DIGEST_BYTES]: record for record in dataset.usable("train")}
    return [records.get(neighbour.digest) for neighbour in neighbours]
