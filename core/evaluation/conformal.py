"""How often a run's sets hold the true class, how large they are, and both in words. The sets are `core.runs.sets`."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan

import numpy as np

from core.evaluation.confusion import Score
from core.evaluation.predictions import Predictions
from core.evaluation.words import with_interval
from core.inference.classifier import Prediction
from core.runs.choices import LEVEL
from core.runs.limits import Limits
from core.runs.run import Run
from core.runs.sets import PredictionSets, sets_at

NAMED = 5
"""Classes of a set that are named; of a larger one the most probable."""
LIMITS = (
    "Split conformal prediction: a class is in the set if it is about as probable as the true class of a validation "
    "image nearly always is. The promise is one over many images like these, not for each class by itself, and not for "
    "other kinds of images. It is approximate, because the same images chose the best epoch: a test split measures it. "
    "No set is empty: the most probable class is always in it, so a good model covers more than the level."
)


@dataclass(frozen=True)
class SetScores:
    """The sets of some images: `coverage`, the share of them that holds the true class; `size`, the mean number of
    classes, not a share; `several`, the share with more than one class."""

    sets: PredictionSets
    coverage: Score
    size: Score
    several: Score


def score_sets(predictions: Predictions, sets: PredictionSets) -> SetScores:
    """All with 95% intervals: Wilson's for shares, the normal one for the mean, which is not known where all sets have
    the same size."""
    inside = sets.members(predictions.probabilities)
    number, sizes = len(predictions), inside.sum(axis=1)
    covered = int(inside[np.arange(number), predictions.labels].sum())
    mean, margin = float(sizes.mean()), 1.96 * float(sizes.std(ddof=1)) / number**0.5 if number > 1 else np.nan
    known = margin > 0
    size = Score(mean, max(mean - margin, 1) if known else np.nan, mean + margin if known else np.nan)
    return SetScores(sets, Score.of(covered, number), size, Score.of(int((sizes > 1).sum()), number))


def own_sets(run: Run) -> PredictionSets | None:
    """Those at the level that was chosen for the run; None where its validation images are too few."""
    return sets_at(run, LEVEL.of(run))


def measured_in_words(run: Run, predictions: Predictions, *, on_validation: bool) -> str:
    """What the run's own sets do to these images: "at 90%, the true class is in 91.2% (88.3–93.4%) of …"."""
    if (sets := own_sets(run)) is None:
        return f"none at {LEVEL.of(run):.0%}: the run's validation images are too few"
    scores = score_sets(predictions, sets)
    words = f"at {sets.level:.0%}, the true class is in {with_interval(scores.coverage)} of the sets, which have "
    words += f"{mean_in_words(scores.size)} classes on average"
    return words + ("; these images set the cutoff, so measure on others" if on_validation else "")


def mean_in_words(size: Score) -> str:
    """A mean number of classes: "1.07 (1.05–1.09)"."""
    return f"{size.value:.2f}" + ("" if isnan(size.low) else f" ({size.low:.2f}–{size.high:.2f})")


def too_few(images: int, level: float) -> str:
    """Why no set is promised at a level with so many validation images; "" where one is."""
    wanted = ceil(level / (1 - level) - 1e-9)
    if images >= wanted:
        return ""
    are = "image is" if images == 1 else "images are"
    return f"{images:,} validation {are} too few for sets at {level:.0%}, which take {wanted:,}."


def set_in_words(prediction: Prediction, limits: Limits) -> str:
    """The classes that an image may show: "cats or dogs (90%)"; "" where one class is enough, and where no set is
    promised, as for images unlike the training images."""
    likely = prediction.likely(limits)
    if limits.sets is None or likely is None or prediction.is_unlike(limits):
        return ""
    return named(likely, limits.sets.level)


def named(likely: Sequence[str], level: float) -> str:
    """The same of these classes, most probable first."""
    if len(likely) < 2:
        return ""
    names, rest = likely[:NAMED], len(likely) - NAMED
    words = f"{', '.join(names)} or {rest:,} more" if rest > 0 else f"{', '.join(names[:-1])} or {names[-1]}"
    return f"{words} ({level:.0%})"
