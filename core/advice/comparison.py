"""Is a difference real? Two settings on the same images, by repeated cross-validation on their features.

Folds keep groups together and are the same for both; the interval of the mean difference is the corrected resampled t
interval (`core.evaluation.intervals`), for folds share most of their training images.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np
from numpy.typing import NDArray

from core.advice.head import Floats, Labels, Mask, fit
from core.advice.material import Material
from core.evaluation.intervals import paired_difference_interval, resampled_interval
from core.jobs.parallel import fits_on_all_cores
from core.jobs.progress import Progress, silent

REPEATS = 10

Fit = Callable[[Labels, Labels], Labels]
"""Given the rows to train on and those held out, int64: the predictions for the latter, int64."""


@dataclass(frozen=True)
class Difference:
    """The accuracy of a second setting less that of a first, on the same folds, -1..1.

    Attributes:
        first, second: The two accuracies, 0..1.
        difference, low, high: The mean difference and its 95% interval.
        each: The difference in each fold of each repetition.
        repeats: How often all images were dealt into folds.
        images: How many both were measured on.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    each: tuple[float, ...]
    repeats: int
    images: int

    @property
    def real(self) -> bool:
        """Whether chance alone does not explain it."""
        return not self.low <= 0 <= self.high


def compare_features(
    first: Floats,
    second: Floats,
    material: Material,
    repeats: int = REPEATS,
    seed: int = 0,
    progress: Progress = silent,
) -> Difference:
    """Compares two features of the same images: of two image sizes, crops, or bases.

    Args:
        first, second: float32 (images, width), as `core.advice.head.principal` gives them.
        material: The images; its own rows are not used.
        progress: Told of the phase "settings", in folds.

    Raises:
        DatasetError: A class cannot be in two folds.
    """
    labels, num_classes = material.labels, len(material.classes)

    def predicted(rows: Floats) -> Fit:
        return lambda train, held_out: fit(rows[train], labels[train], num_classes).predict(rows[held_out])

    return compare(predicted(first), predicted(second), material, repeats, seed, progress)


def compare(
    first: Fit,
    second: Fit,
    material: Material,
    repeats: int = REPEATS,
    seed: int = 0,
    progress: Progress = silent,
    judged: Mask | None = None,
) -> Difference:
    """The same for any two ways to get from some images to predictions for others. `judged`, bool (images,), are those
    that are predicted, all without it; every image may be learned from."""
    judged = np.ones(len(material), np.bool_) if judged is None else judged
    num_folds, parts = dealt(material, repeats, seed)
    tasks = [(train, held_out[judged[held_out]]) for train, held_out in parts if judged[held_out].any()]

    def right(task: tuple[Labels, Labels]) -> tuple[Mask, Mask]:
        train, own = task
        return first(train, own) == material.labels[own], second(train, own) == material.labels[own]

    accuracies: list[tuple[float, float]] = []
    table = np.zeros(4)  # images of which both are right, only the first, only the second, neither
    progress("settings", 0, len(tasks))
    for number, (one, other) in enumerate(fits_on_all_cores(right, tasks, "settings"), start=1):
        accuracies.append((float(one.mean()), float(other.mean())))
        table += [(one & other).sum(), (one & ~other).sum(), (~one & other).sum(), (~one & ~other).sum()]
        progress("settings", number, len(tasks))
    differences = [after - before for before, after in accuracies]
    low, high = interval(differences, num_folds, table / repeats)
    mean_first, mean_second = np.mean(accuracies, axis=0).tolist()
    difference, number = float(np.mean(differences)), int(judged.sum())
    return Difference(mean_first, mean_second, difference, low, high, tuple(differences), repeats, number)


def dealt(material: Material, repeats: int, seed: int) -> tuple[int, list[tuple[Labels, Labels]]]:
    """How many folds a repetition has, and of each fold of each repetition the rows to train on and those held out.

    Raises:
        DatasetError: A class cannot be in two folds.
    """
    deals = [material.folds(seed, repeat) for repeat in range(repeats)]
    num_folds = int(deals[0].max()) + 1
    each = ((deal, fold) for deal in deals for fold in range(num_folds))
    return num_folds, [(np.flatnonzero(deal != fold), np.flatnonzero(deal == fold)) for deal, fold in each]


def interval(differences: Sequence[float], num_folds: int, cells: NDArray[np.float64]) -> tuple[float, float]:
    """The 95% interval of the mean of these differences, one of each fold of each repetition.

    Args:
        cells: float64 (4,), images of one repetition of which both settings are right, only the first, only the second,
            neither. Where all folds differ alike, mostly by nothing, they say what an image more could change.
    """
    low, high = resampled_interval(differences, num_folds)
    return paired_difference_interval(*cells.tolist()) if isnan(low) else (low, high)
