"""All scores of a run, each with its interval, and its accuracy without leaked and excluded images."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.quality.report import Report
from core.evaluation.bootstrap import bootstrap
from core.evaluation.calibration import calibration_error
from core.evaluation.confusion import ClassScores, Score, accuracy, class_scores, confusion, macro_f1
from core.evaluation.curves import precision_recall, roc
from core.evaluation.predictions import Predictions

Rows = NDArray[np.int64]
MAX_RESAMPLED = 20_000_000  # resamples x images x classes: about ten seconds


@dataclass(frozen=True)
class ClassSummary:
    """One class: `scores` from the confusion matrix; `f1`, `roc_area` and `average_precision` with intervals."""

    name: str
    scores: ClassScores
    f1: Score
    roc_area: Score
    average_precision: Score


@dataclass(frozen=True)
class Summary:
    """Scores on all validation images; `macro_f1` is the mean F1 of the classes."""

    accuracy: Score
    macro_f1: Score
    calibration_error: Score
    classes: tuple[ClassSummary, ...]


def summarise(predictions: Predictions, resamples: int = 1000) -> Summary:
    """Every score with a 95% interval: Wilson's for proportions, the bootstrap's for the others.

    Args:
        resamples: Of the bootstrap; fewer where there are very many images.
    """
    labels, table, best = predictions.labels, predictions.probabilities, predictions.best
    number = len(predictions.classes)
    resamples = max(100, min(resamples, MAX_RESAMPLED // (len(predictions) * number)))

    def counts(rows: Rows) -> NDArray[np.int64]:
        return confusion(labels[rows], best[rows], number)

    def calibration(rows: Rows) -> float:
        return calibration_error(predictions.correct[rows], predictions.confidence[rows], number)

    def class_summary(at: int, scores: ClassScores) -> ClassSummary:
        def f1(rows: Rows) -> float:
            return class_scores(counts(rows))[at].f1

        def roc_area(rows: Rows) -> float:
            return roc(labels[rows] == at, table[rows, at]).area

        def average_precision(rows: Rows) -> float:
            return precision_recall(labels[rows] == at, table[rows, at]).area

        resampled = (bootstrap(score, labels, resamples) for score in (f1, roc_area, average_precision))
        return ClassSummary(predictions.classes[at], scores, *resampled)

    whole = counts(np.arange(len(predictions)))
    classes = tuple(class_summary(at, scores) for at, scores in enumerate(class_scores(whole)))
    return Summary(
        accuracy(whole),
        bootstrap(lambda rows: macro_f1(counts(rows)), labels, resamples),
        bootstrap(calibration, labels, resamples),
        classes,
    )


@dataclass(frozen=True)
class CleanAccuracy:
    """The accuracy without leaked and excluded images, and the number of images concerned."""

    accuracy: Score
    excluded: int
    leaks: int
    relabelled: int


def clean_accuracy(
    predictions: Predictions, images: Sequence[ImageRecord], edited: Dataset, report: Report
) -> CleanAccuracy:
    """The accuracy with the current edits, and without validation images that leaked into training.

    A leak counts only where its other copy was trained on. An image that was relabelled is judged by its new label.

    Args:
        images: The image of each row of `predictions`.
        edited: The dataset with the current edits.
        report: Of the data that the run was trained on.
    """
    gone = {record.path for record in edited.records if record.excluded}
    current = {record.path: record.label for record in edited.records if not record.reason}
    leaked = leaked_images(report)
    places = {name: place for place, name in enumerate(predictions.classes)}
    labels = np.array([places.get(current.get(image.path, image.label), -1) for image in images], np.int64)
    excluded = np.array([image.path in gone or image.path not in current for image in images]) | (labels < 0)
    leaks = np.array([image.path in leaked for image in images]) & ~excluded
    counted = ~(excluded | leaks)
    score = Score.of(int((predictions.best == labels)[counted].sum()), int(counted.sum()))
    relabelled = int((counted & (labels != predictions.labels)).sum())
    return CleanAccuracy(score, int(excluded.sum()), int(leaks.sum()), relabelled)


def leaked_images(report: Report) -> Set[str]:
    """Paths of validation images with an exact or near duplicate in the training set."""
    groups = report.row("leaks").groups
    return frozenset(record.path for group in groups for record in group if record.split == "validation")
