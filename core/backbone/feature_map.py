"""A map of a dataset: each image is a point, close to images with similar features.

The 1,280 features of the base, averaged over the image, are projected on the two directions in which they vary most:
principal component analysis (Pearson 1901), by numpy. Nothing has been trained on these images yet.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.augmentation import AugmentationConfig
from core.backbone.features import FeaturePlan, extract_features
from core.backbone.rows import FeatureArray
from core.datasets import SPLITS, Dataset, ImageRecord
from core.errors import DatasetError
from core.images.crop import Crop
from core.jobs.progress import Progress, silent

BATCH = 1024  # rows in memory at once
NEEDED = 3  # images: two always lie on a line


@dataclass(frozen=True)
class FeatureMap:
    """`points` is float32 (images, 2); `records` are the images, in that order; `shares` are the two shares of all
    variance that the map shows, 0..1."""

    points: NDArray[np.float32]
    records: tuple[ImageRecord, ...]
    shares: tuple[float, float]


def make_map(
    dataset: Dataset, image_size: int = 160, progress: Progress = silent, *, crop: Crop = "squeeze"
) -> FeatureMap:
    """The map of all usable images.

    Args:
        image_size: Pixels of a side, as the base sees the images.
        crop: How they become squares.
        progress: Told of the phases "weights" and "features".

    Raises:
        DatasetError: There are fewer than three images, or one is no longer what it was.
        PawlabError: The weights cannot be had, or the disk is full.
        Cancelled: From `progress`.
    """
    # Here, for they bring HDF5 and ONNX: 25 MB that a server without a map does not need.
    from core.backbone.graph import cached_base
    from core.backbone.weights import resolve_weights

    if len(dataset.usable()) < NEEDED:
        raise DatasetError(f"{dataset.name} has {len(dataset.usable())} usable images", f"{NEEDED} or more")
    weights = resolve_weights(progress)
    base = cached_base(weights)
    plan = FeaturePlan(image_size, "average", 0, AugmentationConfig(), 0, crop=crop)
    splits = [split for split in SPLITS if dataset.usable(split)]
    total, done = len(dataset.usable()), 0
    arrays = []
    with ExitStack() as opened:
        for split in splits:

            def all_splits(phase: str, count: int, _: int, before: int = done) -> None:
                progress(phase, before + count, total)

            array = extract_features(dataset, split, plan, base, weights.provenance.digest, all_splits)
            arrays.append(opened.enter_context(closing(array)))
            done += len(dataset.usable(split))
        points, shares = principal_components(arrays)
    return FeatureMap(points, tuple(record for split in splits for record in dataset.usable(split)), shares)


def principal_components(arrays: list[FeatureArray]) -> tuple[NDArray[np.float32], tuple[float, float]]:
    """The rows of all arrays on their two first principal components, and the shares of variance of these.

    The covariance is summed up a thousand rows at a time, so memory does not grow with the number of images. Signs
    are fixed so that the largest weight of each component is positive: the same data give the same map.
    """
    rows, width = sum(array.rows for array in arrays), arrays[0].width
    mean = np.zeros(width)
    for part in _parts(arrays):
        mean += part.sum(axis=0, dtype=np.float64) / rows
    covariance = np.zeros((width, width))
    for part in _parts(arrays):
        centred = part - mean
        covariance += centred.T @ centred
    values, vectors = np.linalg.eigh(covariance / rows)
    first_two = vectors[:, :-3:-1]
    first_two = first_two * np.sign(first_two[np.abs(first_two).argmax(axis=0), [0, 1]])
    points = np.concatenate([(part - mean) @ first_two for part in _parts(arrays)]).astype(np.float32)
    variance = max(float(values.sum()), 1e-12)
    return points, (float(values[-1]) / variance, float(values[-2]) / variance)


def _parts(arrays: list[FeatureArray]) -> Iterator[NDArray[np.float32]]:
    for array in arrays:
        for start in range(0, array.rows, BATCH):
            yield array.read(np.arange(start, min(start + BATCH, array.rows))).dense()
