"""All scores of a run, each with its interval, and its accuracy without leaked and excluded images."""

import itertools
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.collect.bursts import burst_of
from core.datasets.names import match_classes
from core.datasets.quality.near_duplicates import same_photos
from core.datasets.quality.report import Report
from core.evaluation.areas import Areas
from core.evaluation.bootstrap import bootstrap, bootstrap_each
from core.evaluation.calibration import calibration_error
from core.evaluation.confusion import ClassScores, Score, accuracy, class_scores, confusion, f1_scores, macro_f1
from core.evaluation.predictions import Predictions
from core.jobs.progress import Progress, silent

Rows = NDArray[np.int64]
TOP_K, LARGEST_WITHOUT = (3, 5), 5  # top-k accuracy says little where there are hardly more than k classes
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
    """Scores on all images; `macro_f1` is the mean F1 of the classes, `top_k` the top-k accuracy by k: empty where
    there are five classes or fewer."""

    accuracy: Score
    macro_f1: Score
    calibration_error: Score
    classes: tuple[ClassSummary, ...]
    top_k: dict[int, Score] = field(default_factory=dict)


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

    areas = Areas(labels, table)

    def of_classes(rows: Rows) -> NDArray[np.float64]:
        resampled = counts(rows)
        weights = np.bincount(rows, minlength=len(labels))
        return np.concatenate([[macro_f1(resampled)], f1_scores(resampled), *areas.of(weights)])

    whole = counts(np.arange(len(predictions)))
    macro, *others = bootstrap_each(of_classes, labels, resamples)
    f1, roc_areas, precisions = (others[start : start + number] for start in range(0, 3 * number, number))
    scores = zip(predictions.classes, class_scores(whole), f1, roc_areas, precisions, strict=True)
    return Summary(
        accuracy(whole),
        macro,
        bootstrap(calibration, labels, resamples),
        tuple(itertools.starmap(ClassSummary, scores)),
        {k: predictions.top_k(k) for k in TOP_K if number > LARGEST_WITHOUT},
    )


@dataclass(frozen=True)
class CleanAccuracy:
    """The accuracy without leaked and excluded images, and the number of images concerned."""

    accuracy: Score
    excluded: int
    leaks: int
    relabelled: int


def clean_accuracy(
    predictions: Predictions, images: Sequence[ImageRecord], edited: Dataset, leaked: Set[str]
) -> CleanAccuracy:
    """The accuracy with the current edits, and without images that leaked into training.

    An image that was relabelled is judged by its new label.

    Args:
        images: The image of each row of `predictions`.
        edited: The dataset with the current edits.
        leaked: Paths of images that the run was trained on too, from `leaked_images` or `seen_in_training`.
    """
    gone = {record.path for record in edited.records if record.excluded}
    current = {record.path: record.label for record in edited.records if not record.reason}
    places = match_classes(edited.classes, predictions.classes)
    labels = np.array([places.get(current.get(image.path, image.label), -1) for image in images], np.int64)
    excluded = np.array([image.path in gone or image.path not in current for image in images]) | (labels < 0)
    leaks = np.array([image.path in leaked for image in images]) & ~excluded
    counted = ~(excluded | leaks)
    score = Score.of(int((predictions.best == labels)[counted].sum()), int(counted.sum()))
    relabelled = int((counted & (labels != predictions.labels)).sum())
    return CleanAccuracy(score, int(excluded.sum()), int(leaks.sum()), relabelled)


def leaked_images(report: Report, split: str = "validation") -> Set[str]:
    """Paths of images of a split whose exact or near duplicate, or burst, has an image in the training set of the same
    dataset."""
    groups = (group for group in report.row("leaks").groups if any(record.split == "train" for record in group))
    return frozenset(record.path for group in groups for record in group if record.split == split)


def seen_in_training(training: Dataset, other: Dataset, progress: Progress = silent) -> Set[str]:
    """Paths of the usable images of `other` that are identical or nearly identical to a training image of `training`,
    or of the same burst as one.

    Args:
        progress: Told of the phases "compare" and "verify" of `same_photos`, unless its result is cached.
    """
    files = {record.digest: dataset.file(record) for dataset in (training, other) for record in dataset.usable()}
    trained = {record.digest for record in training.usable("train")}
    records = [*training.usable("train"), *other.usable()]
    seen = set(trained)
    for group in same_photos(records, lambda record: files[record.digest], progress):
        digests = {record.digest for record in group}
        if digests & trained:
            seen |= digests
    bursts = {burst_of(record.path) for record in training.usable("train")} - {""}
    return frozenset(
        record.path for record in other.usable() if record.digest in seen or burst_of(record.path) in bursts
    )
