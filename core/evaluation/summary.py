"""All scores of a run at once, each with its interval, and the accuracy on pictures that deserve to count."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.report import Report
from core.evaluation.answers import Answers
from core.evaluation.calibration import calibration_error
from core.evaluation.confusion import ClassScores, Score, accuracy, class_scores, confusion, macro_f1
from core.evaluation.curves import average_precision, roc_area
from core.evaluation.resampling import bootstrap

Rows = NDArray[np.int64]
MAX_RESAMPLED = 20_000_000  # resamples x pictures x classes: what takes some ten seconds


@dataclass(frozen=True)
class ClassSummary:
    """One class: `scores` by the confusion matrix; `f1`, `roc_area` and `average_precision` with intervals."""

    name: str
    scores: ClassScores
    f1: Score
    roc_area: Score
    average_precision: Score


@dataclass(frozen=True)
class Summary:
    """Of all validation pictures: `macro_f1` is the mean of the classes' F1."""

    accuracy: Score
    macro_f1: Score
    calibration_error: Score
    classes: tuple[ClassSummary, ...]


def summarise(answers: Answers, resamples: int = 1000) -> Summary:
    """Every score with a 95 % interval: Wilson's for proportions, the bootstrap's for the others.

    Args:
        resamples: Sets that the bootstrap draws; fewer where pictures are very many.
    """
    labels, table, best, number = answers.labels, answers.probabilities, answers.best, len(answers.classes)
    resamples = max(100, min(resamples, MAX_RESAMPLED // (len(answers) * number)))

    def counts(rows: Rows) -> NDArray[np.int64]:
        return confusion(labels[rows], best[rows], number)

    def sure(rows: Rows) -> float:
        return calibration_error(answers.correct[rows], answers.confidence[rows], number)

    def class_summary(at: int, scores: ClassScores) -> ClassSummary:
        def f1(rows: Rows) -> float:
            return class_scores(counts(rows))[at].f1

        def roc(rows: Rows) -> float:
            return roc_area(labels[rows] == at, table[rows, at])

        def precision(rows: Rows) -> float:
            return average_precision(labels[rows] == at, table[rows, at])

        return ClassSummary(
            answers.classes[at], scores, *(bootstrap(one, labels, resamples) for one in (f1, roc, precision))
        )

    whole = counts(np.arange(len(answers)))
    classes = tuple(class_summary(at, scores) for at, scores in enumerate(class_scores(whole)))
    return Summary(
        accuracy(whole),
        bootstrap(lambda rows: macro_f1(counts(rows)), labels, resamples),
        bootstrap(sure, labels, resamples),
        classes,
    )


@dataclass(frozen=True)
class Honest:
    """The accuracy without pictures that should not count, and how many went for which reason."""

    accuracy: Score
    excluded: int
    leaks: int
    relabelled: int


def honest_accuracy(answers: Answers, pictures: Sequence[ImageRecord], today: Dataset, report: Report) -> Honest:
    """The accuracy after what has been found out since: today's edits, and the leaks of the data trained on.

    A leak counts only where its other copy was trained on. A picture that has another class today is judged by that.

    Args:
        pictures: Of each row of `answers`.
        today: The dataset with today's edits.
        report: Of the data that the run was trained on.
    """
    gone = {record.path for record in today.records if record.excluded}
    now = {record.path: record.label for record in today.records if not record.reason}
    leaked = leaked_pictures(report)
    places = {name: place for place, name in enumerate(answers.classes)}
    labels = np.array([places.get(now.get(one.path, one.label), -1) for one in pictures], np.int64)
    excluded = np.array([one.path in gone or one.path not in now for one in pictures]) | (labels < 0)
    leaks = np.array([one.path in leaked for one in pictures]) & ~excluded
    kept = ~(excluded | leaks)
    score = Score.of(int((answers.best == labels)[kept].sum()), int(kept.sum()))
    relabelled = int((kept & (labels != answers.labels)).sum())
    return Honest(score, int(excluded.sum()), int(leaks.sum()), relabelled)


def leaked_pictures(report: Report) -> Set[str]:
    """Paths of validation pictures of which training has a copy or a near copy."""
    groups = report.row("leaks").groups
    return frozenset(record.path for group in groups for record in group if record.split == "validation")
