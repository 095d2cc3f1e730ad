"""Accuracy against the number of training images: a head is fitted to more and more of them, drawn ten times.

Each of ten folds is held out once. From the others so many images are drawn, the classes in their shares, groups as a
whole, smaller draws within larger ones; the head of each draw predicts the fold. So every image is predicted once at
each size, and the sizes are compared on the same images.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.advice.head import Labels, Mask, fit
from core.advice.material import Material
from core.evaluation.intervals import wilson_interval
from core.jobs.parallel import fits_on_all_cores
from core.jobs.progress import Progress, silent

DRAWS, SIZES = 10, 8
LEAST = 5  # images a class in the smallest size
SPAN = 64  # the largest size over the smallest, where there are as many images
Z = 1.96  # standard errors on either side of a 95% interval


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy that a head of so many training images reaches on other images, 0..1, with a band in which 95% of
    such trainings lie: it holds both the choice of the training images and the number of those that it is measured on.
    """

    images: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Curve:
    """Which images were predicted right, by heads of how many.

    Attributes:
        sizes: int64 (sizes,), ascending.
        right: bool (sizes, images).
        draws: int64 (images,), the draw that predicted each.
        material: The images.
    """

    sizes: Labels
    right: Mask
    draws: Labels
    material: Material

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """float64 (sizes,)."""
        return np.asarray(self.right.mean(axis=1), np.float64)

    @property
    def spread(self) -> NDArray[np.float64]:
        """float64 (sizes,): the standard deviation of the accuracy from one draw of training images to another, beyond
        what the number of images explains that each is measured on."""
        counts = np.bincount(self.draws)
        means = np.stack([np.bincount(self.draws, weights=row) / counts for row in self.right])
        chance = (means * (1 - means) / np.maximum(counts - 1, 1)).mean(axis=1)
        return np.asarray(np.sqrt(np.maximum(means.var(axis=1, ddof=1) - chance, 0)), np.float64)

    def points(self) -> tuple[CurvePoint, ...]:
        """The curve with its band."""
        number = len(np.unique(self.material.groups))  # images of one burst are as good as one
        points = []
        for size, accuracy, spread in zip(self.sizes.tolist(), self.accuracies, self.spread, strict=True):
            low, high = wilson_interval(accuracy * number, number)
            down, up = np.hypot(accuracy - low, Z * spread), np.hypot(high - accuracy, Z * spread)
            points.append(CurvePoint(size, float(accuracy), max(0.0, accuracy - down), min(1.0, accuracy + up)))
        return tuple(points)


def learning_curve(material: Material, seed: int = 0, progress: Progress = silent) -> Curve:
    """Measures the curve.

    Args:
        progress: Told of the phase "learning curve", in draws. What it raises stops the work.

    Raises:
        DatasetError: A class cannot be in two folds.
    """
    draws, num_classes = material.folds(seed, most=DRAWS), len(material.classes)
    num_draws = int(draws.max()) + 1
    sizes = chosen_sizes(len(material) - int(np.bincount(draws).max()), num_classes)
    right = np.zeros((len(sizes), len(material)), np.bool_)

    def predicted(draw: int) -> tuple[Mask, Mask]:
        own = draws == draw
        order = drawn_order(material, ~own, np.random.default_rng([seed, draw]))
        heads = (
            fit(material.rows[order[:size]], material.labels[order[:size]], num_classes) for size in sizes.tolist()
        )
        return own, np.stack([head.predict(material.rows[own]) == material.labels[own] for head in heads])

    progress("learning curve", 0, num_draws)
    for number, (own, some) in enumerate(fits_on_all_cores(predicted, range(num_draws), "learning curve"), start=1):
        right[:, own] = some
        progress("learning curve", number, num_draws)
    return Curve(sizes, right, draws, material)


def chosen_sizes(most: int, num_classes: int) -> Labels:
    """int64, at most `SIZES` numbers of training images, each about as many times the one before."""
    least = min(most, max(LEAST * num_classes, most // SPAN))
    return np.unique(np.geomspace(least, most, SIZES).round().astype(np.int64))


def drawn_order(material: Material, allowed: Mask, random: np.random.Generator) -> Labels:
    """int64: the allowed rows in a random order of which every beginning has the classes in their shares, and images of
    one group beside each other in their class."""
    rows = np.flatnonzero(allowed)
    rank = random.permutation(int(material.groups.max()) + 1)[material.groups[rows]]
    places = np.empty(len(rows))
    for label in np.unique(material.labels[rows]):
        own = np.flatnonzero(material.labels[rows] == label)
        places[own[np.argsort(rank[own], kind="stable")]] = (np.arange(len(own)) + 0.5) / len(own)
    return rows[np.lexsort([material.labels[rows], places])]
