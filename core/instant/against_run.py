"""A finished run against the instant model: both on the run's validation images, by the bursts that they are of.

The instant model is fitted to the run's training images, at its own image size, so neither has seen the images that
both are scored on. No split parts a burst, so these are bursts that neither has seen. The unit is the burst, as in
`core.instant.score`: each counts as the shares of its images that both, one or neither get right, and the interval of
the difference is Newcombe's for paired proportions of so many bursts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.backbone.neighbours import unit
from core.datasets import ImageRecord
from core.datasets.groups import group_keys
from core.errors import DatasetError
from core.evaluation.confusion import Score
from core.evaluation.cross_validation import frozen_features
from core.evaluation.intervals import paired_difference_interval, wilson_interval
from core.evaluation.predictions import images_of, load_predictions
from core.evaluation.robustness import training_dataset
from core.evaluation.words import points_interval
from core.instant.embedder import IMAGE_SIZE
from core.instant.fitted import Fitted, choose
from core.instant.model import Examples
from core.jobs.progress import Progress, silent
from core.runs.feature_plan import TRAINED_SPLITS, copies_of
from core.runs.run import Run

MOST_IMAGES = 20_000


@dataclass(frozen=True)
class AgainstRun:
    """The run compared with the instant model.

    Attributes:
        instant, run: Their accuracies: means over bursts of the share of images that are right.
        difference: The run's minus the instant model's, -1..1: above 0 the run is better.
        low, high: Its 95% interval.
        num_images, num_bursts: That both are scored on.
    """

    instant: Score
    run: Score
    difference: float
    low: float
    high: float
    num_images: int
    num_bursts: int

    @property
    def verdict(self) -> str:
        """What the interval lets one say, in one sentence."""
        interval = f"95% CI {points_interval(self.low, self.high)}"
        if not self.difference:
            return f"The trained model and the instant model are equally accurate ({interval})."
        better = "better" if self.difference > 0 else "worse"
        chance = "more than chance explains" if self.low > 0 or self.high < 0 else "which chance alone can explain"
        points = f"{abs(self.difference) * 100:.1f} points"
        return f"The trained model is {points} {better} than the instant model ({interval}), {chance}."


def against_run(run: Run, progress: Progress = silent) -> AgainstRun:
    """Compares a finished run with the instant model.

    Args:
        progress: Told of the phases of `open_dataset`, "weights" and "features". What it raises stops the work.

    Raises:
        RunError: The run has no predictions.
        DatasetError: Its images are gone or changed, or too many.
        PawlabError: The weights cannot be had, or the disk is full.
        Cancelled: From `progress`.
    """
    predictions, copies = load_predictions(run), copies_of(run.config, "validation")
    dataset = training_dataset(run, progress)
    training, validation = (dataset.usable(split) for split in TRAINED_SPLITS)
    if len(training) + len(validation) > MOST_IMAGES:
        raise DatasetError(
            f"{dataset.name} has {len(training) + len(validation):,} training and validation images",
            f"{MOST_IMAGES:,} at most: the instant model is for data that somebody collects",
        )
    images_of(predictions, dataset, run)  # raises where they are others
    features = unit(frozen_features(dataset, IMAGE_SIZE, progress))
    labels = np.array([predictions.classes.index(record.label) for record in training], np.int64)
    examples = Examples(features[: len(training)], labels, burst_numbers(training), len(predictions.classes))
    fitted = Fitted.of(predictions.classes, examples, choose(predictions.classes, examples))
    scores = np.array([fitted.head.scores(feature) for feature in features[len(training) :]])
    alone = slice(None, None, 1 + copies)
    truth = predictions.labels[alone]
    instant = fitted.shown[scores.argmax(axis=1)] == truth
    return paired(instant, predictions.best[alone] == truth, burst_numbers(validation))


def paired(instant: NDArray[np.bool_], run: NDArray[np.bool_], bursts: NDArray[np.int64]) -> AgainstRun:
    """The comparison of predictions on the same images.

    Args:
        instant, run: bool (images,), whether they are right; one image or more.
        bursts: int64 (images,), the burst of each image.
    """
    _, places, sizes = np.unique(bursts, return_inverse=True, return_counts=True)
    weights, number = 1 / sizes[places], len(sizes)
    both, first, second, neither = (
        float(weights[mask].sum()) for mask in (instant & run, instant & ~run, ~instant & run, ~instant & ~run)
    )
    neither = max(0.0, number - both - first - second)
    low, high = paired_difference_interval(both, first, second, neither)
    return AgainstRun(
        _share(both + first, number),
        _share(both + second, number),
        (second - first) / number,
        low,
        high,
        len(bursts),
        number,
    )


def _share(right: float, number: int) -> Score:
    right = min(right, number)  # shares round
    return Score(right / number, *wilson_interval(right, number))


def burst_numbers(records: Sequence[ImageRecord]) -> NDArray[np.int64]:
    """int64 (images,): the same number for images of one burst, or of the same bytes."""
    keys = group_keys(records)
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return np.array([numbers[key] for key in keys], np.int64)
