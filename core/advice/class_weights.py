"""What class weights would do to each class, where one has far more images than another.

`class_weight="balanced"` of scikit-learn, which Keras takes as a table: a class counts images / (classes * images of
the class), so that all classes count alike. Heads with and without are fitted on the same folds; the intervals are
those of `core.advice.comparison`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.advice.comparison import dealt, interval
from core.advice.head import Floats, Labels, fit
from core.advice.material import Material
from core.evaluation.confusion import confusion, macro_f1, rates
from core.evaluation.words import as_percent, points_interval, signed_points
from core.jobs.parallel import fits_on_all_cores
from core.jobs.progress import Progress, silent

REPEATS = 5
IMBALANCED = 2.0  # images of the largest class for one of the smallest, from which on weights are tried


@dataclass(frozen=True)
class ScoreChange:
    """A score without class weights, 0..1, and its change with them, -1..1, with a 95% interval."""

    name: str
    value: float
    change: float
    low: float
    high: float

    def in_words(self) -> str:
        """As "71.2% now, +8.0 points (+3.1 to +12.9 points)"."""
        interval = points_interval(self.low, self.high)
        return f"{as_percent(self.value)} now, {signed_points(self.change)} points ({interval})"


@dataclass(frozen=True)
class ClassWeights:
    """What weights change: the recall of each class, the smallest class first, and two scores of all images."""

    recalls: tuple[ScoreChange, ...]
    macro_f1: ScoreChange
    accuracy: ScoreChange

    def in_words(self) -> str:
        """The finding in a sentence."""
        smallest, largest = self.recalls[0], self.recalls[-1]
        return (
            f"Class weights would change the recall of {smallest.name} by {signed_points(smallest.change)} points "
            f"({points_interval(smallest.low, smallest.high)}), that of {largest.name} by "
            f"{signed_points(largest.change)} ({points_interval(largest.low, largest.high)}), and the accuracy by "
            f"{signed_points(self.accuracy.change)} ({points_interval(self.accuracy.low, self.accuracy.high)})."
        )


def balanced(labels: Labels, num_classes: int) -> Floats:
    """float32 (images,): the weight of each, 1 on average; all classes that have images weigh alike together."""
    counts = np.bincount(labels, minlength=num_classes)
    return np.asarray((len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[labels], np.float32)


def is_imbalanced(material: Material) -> bool:
    """Whether it is worth asking."""
    counts = np.bincount(material.labels, minlength=len(material.classes))
    return bool(counts.max() >= IMBALANCED * max(1, counts.min()))


def class_weights(material: Material, seed: int = 0, progress: Progress = silent) -> ClassWeights:
    """Measures it.

    Args:
        progress: Told of the phase "class weights", in folds.

    Raises:
        DatasetError: A class cannot be in two folds.
    """
    rows, labels, num_classes = material.rows, material.labels, len(material.classes)
    num_folds, tasks = dealt(material, REPEATS, seed)

    def predicted(task: tuple[Labels, Labels]) -> tuple[Labels, Labels, Labels]:
        train, own = task
        heads = [
            fit(rows[train], labels[train], num_classes, weights=weights)
            for weights in (None, balanced(labels[train], num_classes))
        ]
        return own, heads[0].predict(rows[own]), heads[1].predict(rows[own])

    scores = []  # of each fold: (2, classes + 2)
    pairs = np.zeros((num_classes, 4))  # of each class: both right, only without, only with, neither
    progress("class weights", 0, len(tasks))
    for number, (own, without, weighted) in enumerate(fits_on_all_cores(predicted, tasks, "class weights"), start=1):
        scores.append([_scores(labels[own], predictions, num_classes) for predictions in (without, weighted)])
        for cell, both in enumerate((3, 1, 2, 0)):  # bits: right without, right with
            matches = (without == labels[own]) + 2 * (weighted == labels[own]) == both
            pairs[:, cell] += np.bincount(labels[own][matches], minlength=num_classes)
        progress("class weights", number, len(tasks))
    table = np.array(scores)
    names = [*material.classes, "macro F1", "accuracy"]
    cells = [*(pairs / REPEATS), pairs.sum(axis=0) / REPEATS, pairs.sum(axis=0) / REPEATS]
    changes = [_change(name, table[:, :, place], cells[place], num_folds) for place, name in enumerate(names)]
    order = np.argsort(np.bincount(labels, minlength=num_classes), kind="stable")
    return ClassWeights(tuple(changes[label] for label in order), changes[-2], changes[-1])


def _scores(labels: Labels, predictions: Labels, num_classes: int) -> Sequence[float]:
    counts = confusion(labels, predictions, num_classes)
    recalls = np.diag(rates(counts)).tolist()
    return [*recalls, macro_f1(counts), float(np.trace(counts) / counts.sum())]


def _change(name: str, scores: NDArray[np.float64], cells: NDArray[np.float64], num_folds: int) -> ScoreChange:
    """Of float64 (folds, 2): without and with weights."""
    differences = (scores[:, 1] - scores[:, 0]).tolist()
    low, high = interval(differences, num_folds, cells)
    return ScoreChange(name, float(scores[:, 0].mean()), float(np.mean(differences)), low, high)
