"""How unlike the training images an image is: the cosine distance to its k-th nearest among them.

Sun, Ming, Zhu and Li, "Out-of-distribution detection with deep nearest neighbors" (ICML 2022, arXiv 2204.06507): the
features of the base, averaged over the image and divided by their length, of a bounded set of training images. Their
distance is Euclidean; between vectors of length 1 the cosine distance orders images in the same way. The base is
frozen, so it has learned nothing from these images: a training image is as new to it as any other, and its distance to
the others is an honest one.

Two limits. Near unknowns pass: a garment left out of ten gave an area under the ROC curve of 0.67 (1 is perfect, 0.5
guesses). Unfamiliar knowns may not: of 118 breeds of dogs, 8% were called unlike at a cut of 1%. So it says "unlike the
training images", never what the image does not show.
"""

import io
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURES
from core.storage.npz import load_npz

K = 5
MAX_ROWS = 1_000
"""Of the reference set: 2.6 MB on disk and 5 MB in memory. With twice as many the distance cost a frame 1.0 to 1.4 ms
beside the model's 8: what passes through the processor's cache drives the model out of it. On photos of cats and dogs
the area under the ROC curve against drawings is 0.993 with 100, 0.998 with 300 and 0.9994 with 1,000
(`benchmarks.unknown`); Sun et al. lose nothing with one image in a hundred."""
ENOUGH = 100
"""Validation images without which their 99th percentile is unknown: the largest of 99 distances stands for it."""
MAX_HELD_OUT = 5_000  # distances kept to choose the cut by: 1% of these is known to within 0.3 points
DIGEST_BYTES = 8  # of a SHA-256, which tell images apart
NEVER = 2.0  # no cosine distance is greater
_MAX_BYTES = MAX_ROWS * (2 * FEATURES + 8 + DIGEST_BYTES) + 2 * MAX_HELD_OUT * 4 + 10_000

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Neighbours:
    """A reference set of training images, and the distances by which its cut is chosen.

    Attributes:
        features: float32 (rows, 1280), each of length 1.
        labels: int64 (rows,), positions in the run's classes.
        images: uint8 (rows, 8), the first bytes of each image's SHA-256.
        validation: float32 (images,), the distances of validation images.
        training: float32 (images,), those of reference images to the others; empty where `validation` has `ENOUGH`.
    """

    features: Floats
    labels: NDArray[np.int64]
    images: NDArray[np.uint8]
    validation: Floats
    training: Floats

    @classmethod
    def of(cls, features: Floats, labels: NDArray[np.int64], images: NDArray[np.uint8], held_out: Floats) -> Self:
        """From features as `unit` gives them: of the reference images, and in `held_out` of validation images."""
        stored = _divided(features.astype(np.float16))[0]  # else the file would give other distances
        nothing = np.empty(0, np.float32)
        neighbours = cls(stored, labels, images, nothing, nothing)
        neighbours = replace(neighbours, validation=neighbours.distances(held_out))
        if len(held_out) >= ENOUGH:
            return neighbours
        return replace(neighbours, training=neighbours.leave_one_out())

    @property
    def held_out(self) -> Floats:
        """The distances by which the cut is chosen: of validation images, or of training images where these are too
        few."""
        return self.validation if len(self.validation) >= ENOUGH else self.training

    def cut(self, rejection: float) -> float:
        """The distance beyond which an image is unlike the training images.

        The conformal quantile (Papadopoulos et al. 2002; Angelopoulos and Bates, arXiv 2107.07511): of n held-out
        images the one of rank (n + 1)(1 - rejection), so that a new image of the same kind is rejected with at most
        that probability, also where n is small. Where n images cannot say so small a share, the largest of their
        distances, which rejects one in n + 1.

        Args:
            rejection: The share of such images that may be called unlike, 0..1; 0 turns it off.

        Returns:
            0..1, or `NEVER`.
        """
        known = np.sort(self.held_out)
        if not rejection or not len(known):
            return NEVER
        rank = ceil((len(known) + 1) * (1 - rejection) - 1e-9)
        return float(known[min(max(rank, 1), len(known)) - 1])

    def distances(self, features: Floats) -> Floats:
        """float32 (images,): the cosine distance to the k-th nearest reference image, 0..1.

        Args:
            features: float32 (images, 1280), as `unit` gives them.
        """
        place = max(0, len(self.features) - K)
        similarities = (np.partition(self._similarities(image), place)[place] for image in features)
        return 1 - np.fromiter(similarities, np.float32, len(features))

    def nearest(self, feature: Floats, num: int = K) -> list[tuple[int, float]]:
        """The reference images nearest to one image, float32 (1280,), nearest first: row and cosine distance."""
        similarities = self._similarities(feature)
        order = np.argsort(-similarities, kind="stable")[:num]
        return [(int(row), float(1 - similarities[row])) for row in order]

    def leave_one_out(self) -> Floats:
        """float32 (images,): the distance of each reference image, of at most `MAX_HELD_OUT`, to the others."""
        place = max(0, len(self.features) - 1 - K)
        distances = []
        for row, image in enumerate(self.features[:MAX_HELD_OUT]):
            others = np.delete(self._similarities(image), row)
            distances.append(1 - np.partition(others, place)[place] if len(others) else 0)
        return np.array(distances, np.float32)

    def content(self) -> bytes:
        """`neighbours.npz`, which `load_neighbours` reads. Its members carry the zip's checksums."""
        file = io.BytesIO()
        np.savez(
            file,
            features=self.features.astype(np.float16),
            labels=self.labels,
            images=self.images,
            validation=self.validation,
            training=self.training,
        )
        return file.getvalue()

    def _similarities(self, feature: Floats) -> Floats:
        # One dot product a row. A product of matrices would start the threads of the BLAS, which fight for the cores
        # with those that classify: 8 ms of processor time an image instead of 0.1.
        similarities: Floats = np.vecdot(self.features, feature)
        return similarities


def load_neighbours(file: Path, classes: int) -> Neighbours:
    """Reads a `neighbours.npz` that may be broken or made by a stranger.

    Args:
        classes: Number of classes that `labels` may name.

    Raises:
        OSError: The file cannot be read.
        KeyError, ValueError: It is not one that Pawlab wrote.
    """
    features, labels, images, validation, training = load_npz(
        file, "features", "labels", "images", "validation", "training", max_bytes=_MAX_BYTES
    )
    rows = len(labels)
    forms = (
        ("features", features, np.float16, (rows, FEATURES)),
        ("labels", labels, np.int64, (rows,)),
        ("images", images, np.uint8, (rows, DIGEST_BYTES)),
        ("validation", validation, np.float32, (validation.size,)),
        ("training", training, np.float32, (training.size,)),
    )
    for name, array, kind, shape in forms:
        if array.dtype != kind or array.shape != shape:
            raise ValueError(f"{name} is {array.dtype} {array.shape}, not {np.dtype(kind)} {shape}")
    vectors, lengths = _divided(features)
    if not rows or not (np.abs(lengths - 1) < 0.01).all():  # false for NaN
        raise ValueError("features are not of length 1")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(f"labels name others than the {classes} classes")
    if not all(((part > -0.01) & (part < NEVER)).all() for part in (validation, training)):
        raise ValueError("distances are outside 0 to 1")
    return Neighbours(vectors, labels, images, validation, training)


def unit(pooled: Floats) -> Floats:
    """Features averaged over the image, float32 (images, 1280), divided by their length. An image without any feature
    is as far from all others as can be."""
    lengths = np.linalg.norm(pooled, axis=1, keepdims=True)
    return np.asarray(pooled / np.maximum(lengths, 1e-12), np.float32)


def _divided(stored: NDArray[np.float16]) -> tuple[Floats, Floats]:
    """Features as they are stored, divided by their lengths, which rounding has changed; and these lengths."""
    features = stored.astype(np.float32)
    lengths: Floats = np.sqrt(np.vecdot(features, features))
    features /= np.maximum(lengths, 1e-12)[:, np.newaxis]  # in place: a server keeps what was once taken
    return features, lengths


def averaged(feature_map: Floats) -> Floats:
    """`unit` of a base's last feature map, float32 (images, height, width, 1280)."""
    return unit(feature_map.mean(axis=(1, 2)))
