"""A classifier in closed form: ridge regression on one-hot targets, each class with the same weight.

Rifkin, Yeo and Poggio, "Regularized least-squares classification" (2003). With rows x of weight w (all weights of one
class sum to the same, all together to 1) it minimises the weighted squared error of x W + b, plus the penalty times
the squared weights W; the offset b is free. There are as many unknowns as images or as features, whichever are fewer:
the dual form is solved for few images, the primal one for many. What it works with beside the features does not grow
with the number of images.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

PENALTY = 0.1
"""While looks are few: within a point of the best for any number of them up to 20 (`benchmarks.instant`). Features have
length 1 and all weights sum to 1, so it stands beside a variance of at most 1."""
_BLOCK = 512  # images whose rows are in memory at once, where there are more than features

Labels = NDArray[np.int64]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Examples:
    """Images that a model is fitted to.

    Attributes:
        features: float32 (images, 1280), each of length 1.
        labels: int64 (images,), 0..num_classes - 1.
        groups: int64 (images,); images with the same number are of one burst, which may show several classes.
        num_classes: Of which some may have no image yet.
        ids: int64 (images,), ascending; the same number is always the same feature. `core.instant.update` needs them.
    """

    features: Floats
    labels: Labels
    groups: Labels
    num_classes: int
    ids: Labels = field(default_factory=lambda: np.empty(0, np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def looks(self) -> Labels:
        """int64 (num_classes,): the number of bursts of each class."""
        pairs = np.unique(np.stack([self.labels, self.groups]), axis=1)
        return np.bincount(pairs[0], minlength=self.num_classes)

    @property
    def weights(self) -> Doubles:
        """float64 (images,): those of one class sum to the same, all together to 1."""
        return _even_weights(self.labels)

    def part(self, rows: Flags) -> "Examples":
        """Those that are True in `rows`, bool (images,)."""
        ids = self.ids[rows] if len(self.ids) else self.ids
        return Examples(self.features[rows], self.labels[rows], self.groups[rows], self.num_classes, ids)


@dataclass(frozen=True)
class Head:
    """Scores are `features @ weights.T + offset`: near 1 for the class of an image, near 0 for the others.

    Attributes:
        weights: float32 (classes, 1280).
        offset: float32 (classes,).
    """

    weights: Floats
    offset: Floats

    def scores(self, feature: Floats) -> Floats:
        """float32 (classes,), of one feature, float32 (1280,)."""
        # One dot product a class: a product of matrices would start threads (`core.backbone.neighbours`).
        scores: Floats = np.vecdot(self.weights, feature) + self.offset
        return scores


class Centred:
    """Examples as least squares takes them: rows and targets less their weighted means, times the root of the weight.

    Args:
        examples: One or more.
        shown: bool (images,), those of them that count; None for all.
    """

    def __init__(self, examples: Examples, shown: Flags | None = None) -> None:
        self._features, self._num_classes = examples.features, examples.num_classes
        self._places = np.arange(len(examples)) if shown is None else np.flatnonzero(shown)
        self._labels = examples.labels[self._places]
        weights = _even_weights(self._labels)
        of_all = np.zeros(len(examples), np.float32)
        of_all[self._places] = weights
        self.roots = np.sqrt(weights).astype(np.float32)
        self.mean: Floats = of_all @ examples.features
        self.mean_target = np.bincount(self._labels, weights, examples.num_classes)

    def __len__(self) -> int:
        return len(self._places)

    def part(self, images: slice) -> tuple[Floats, Floats]:
        """Rows, float32 (images, 1280), and targets, float32 (images, classes)."""
        rows, roots = self._features[self._places[images]], self.roots[images, np.newaxis]  # a copy
        rows -= self.mean
        rows *= roots
        targets = np.eye(self._num_classes)[self._labels[images]] - self.mean_target
        return rows, (targets * roots).astype(np.float32)

    def blocks(self) -> Iterator[tuple[Floats, Floats]]:
        """All parts."""
        return (self.part(slice(start, start + _BLOCK)) for start in range(0, len(self), _BLOCK))

    def covariance(self) -> Floats:
        """float32 (1280, 1280)."""
        total = np.zeros((self._features.shape[1],) * 2, np.float32)
        for rows, _ in self.blocks():
            total += rows.T @ rows
        return total

    def head(self, weights: NDArray[np.floating]) -> Head:
        """The head of weights (1280, classes) for centred features."""
        turned = np.ascontiguousarray(weights.T, np.float32)
        return Head(turned, np.asarray(self.mean_target - turned @ self.mean, np.float32))


def fit(examples: Examples, penalty: float, shown: Flags | None = None) -> Head:
    """The model of all examples, or of those that are `shown`.

    Args:
        examples: One or more.
        penalty: Of the squared weights, above 0.
        shown: bool (images,), one or more of them.
    """
    centred, ridge = Centred(examples, shown), np.float32(penalty)
    if len(centred) <= examples.features.shape[1]:
        rows, targets = centred.part(slice(None))
        inner = rows @ rows.T
        inner[np.diag_indices_from(inner)] += ridge
        return centred.head(rows.T @ np.linalg.solve(inner, targets))
    outer = centred.covariance()
    outer[np.diag_indices_from(outer)] += ridge
    return centred.head(np.linalg.solve(outer, sum(rows.T @ targets for rows, targets in centred.blocks())))


def _even_weights(labels: Labels) -> Doubles:
    counts = np.bincount(labels)
    return np.asarray(1 / (np.count_nonzero(counts) * counts[labels]), np.float64)
