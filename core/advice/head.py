"""The classifier that all advice is computed with: multinomial logistic regression on the base's features.

The features, each of length 1, are turned to the principal axes of the dataset and the first `WIDTH` are kept: a head
fits in hundredths of a second, so advice can afford hundreds. It is not a run's head: it sees no augmented copies and
no fine-tuning, and has no hidden layer.

The loss is minimised by descent in the metric of a fixed bound on its curvature (D. Böhning, "Multinomial logistic
regression algorithm", Annals of the Institute of Statistical Mathematics 44, 1992), with Nesterov's momentum, restarted
when it leads uphill (B. O'Donoghue and E. Candès, "Adaptive restart for accelerated gradient schemes", 2015). There is
one factorisation a fit. The prior weighs less the more images there are, and the descent takes more steps: with many
images it begins where a fit to a quarter of them has ended, so that the time grows as their number does.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.backbone.neighbours import unit
from core.jobs.parallel import fits_on_all_cores, one_core_for_blas

WIDTH = 256
PRIOR = 1.0
"""Of half the squared weights: a normal prior of standard deviation 1, for rows whose mean squared length is 1. It
counts less the more images there are."""
MOST_STEPS = 100
ENOUGH = 2e-3  # of the largest weight: smaller steps end the descent
MANY, COARSER = 4_000, 4  # images from which on a fit to one in so many comes first
SLACK, LEAST_CURVATURE = 2.0, 0.02
"""There the metric is of the curvature where the descent begins, so many times and so much more, not of its bound."""

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Head:
    """Logits are `rows @ weights + offset`, of float32 (width, classes) and (classes,)."""

    weights: Floats
    offset: Floats

    def probabilities(self, rows: Floats) -> Floats:
        """float32 (images, classes), each row 1 in sum."""
        return softmax(rows @ self.weights + self.offset)

    def predict(self, rows: Floats) -> Labels:
        """int64 (images,), the predicted classes."""
        return np.asarray((rows @ self.weights + self.offset).argmax(axis=1), np.int64)


def principal(features: Floats, width: int = WIDTH) -> Floats:
    """Features on their principal axes, float32 (images, width or fewer), with a mean squared length of 1.

    No label has a say in it, so rows of held-out images may be among those that decide the axes.

    Args:
        features: float32 (images, 1280), average-pooled.
    """
    rows = unit(features)
    rows -= rows.mean(axis=0)
    with one_core_for_blas():
        _, axes = np.linalg.eigh(rows.T @ rows)
        rows = rows @ np.ascontiguousarray(axes[:, ::-1][:, : min(width, len(rows))])
    length = np.sqrt(np.mean(np.vecdot(rows, rows)))
    return np.asarray(rows / max(float(length), 1e-12), np.float32)


def fit(rows: Floats, labels: Labels, num_classes: int, prior: float = PRIOR, weights: Floats | None = None) -> Head:
    """The head of these images.

    Args:
        rows: float32 (images, width), as `principal` gives them.
        labels: int64 (images,), 0..num_classes - 1; a class without images is never predicted.
        prior: Of the squared weights, above 0, as is added to the sum of the images' losses.
        weights: float32 (images,), how much each image's loss counts, with a mean of 1; all alike without it.
    """
    extended = np.column_stack([rows, np.ones(len(rows), np.float32)])  # the last weight of a class is its offset
    targets = np.eye(num_classes, dtype=np.float32)[labels]
    coefficients = _descended(extended, targets, prior, weights).copy()
    coefficients[-1, np.bincount(labels, minlength=num_classes) == 0] = -np.inf
    return Head(coefficients[:-1], coefficients[-1])


def _descended(extended: Floats, targets: Floats, prior: float, weights: Floats | None) -> Floats:
    """float32 (width + 1, classes): the weights with the lowest loss."""
    (number, width), num_classes = extended.shape, targets.shape[1]
    coefficients = np.zeros((width, num_classes), np.float32)
    curvature = np.full(number, 0.5, np.float32)  # of each image's loss by its logits: never more
    if number > MANY:
        some = np.random.default_rng(number).permutation(number)[: number // COARSER]
        own = None if weights is None else weights[some]
        coefficients = _descended(extended[some], targets[some], prior * len(some) / number, own)
        at_start = softmax(extended @ coefficients)
        curvature = np.minimum(0.5, SLACK * (2 * at_start * (1 - at_start)).max(axis=1) + LEAST_CURVATURE)
    penalty = np.full((width, 1), prior / number, np.float32)
    penalty[-1] = 1e-6
    weighted = extended if weights is None else extended * weights[:, np.newaxis]
    bound = ((weighted * curvature[:, np.newaxis]).T @ extended / number).astype(np.float64)
    bound[np.diag_indices_from(bound)] += penalty[:, 0] + 1e-6
    step = np.asarray(np.linalg.inv(bound), np.float32)
    ahead, momentum = coefficients, 1.0
    for _ in range(MOST_STEPS):
        gradient = weighted.T @ (softmax(extended @ ahead) - targets) / number + penalty * ahead
        stepped = ahead - step @ gradient
        moved = stepped - coefficients
        if np.vdot(gradient, moved) > 0:
            momentum = 1.0
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = stepped + np.float32((momentum - 1) / following) * moved
        coefficients, momentum = stepped, following
        if np.abs(moved).max() <= ENOUGH * np.abs(coefficients).max():
            break
    return coefficients


def held_out(rows: Floats, labels: Labels, folds: Labels, num_classes: int) -> Floats:
    """float32 (images, classes): the probabilities of each image, by a head that has seen nothing of its fold."""
    probabilities = np.zeros((len(rows), num_classes), np.float32)

    def predicted(fold: int) -> tuple[Mask, Floats]:
        own = folds == fold
        return own, fit(rows[~own], labels[~own], num_classes).probabilities(rows[own])

    for own, some in fits_on_all_cores(predicted, np.unique(folds).tolist(), "folds"):
        probabilities[own] = some
    return probabilities


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
