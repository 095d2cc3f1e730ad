"""Two runs on the same validation images: by how much one is better, and whether the difference is significant.

Both runs predict the same images, so most of the chance in one score is in the other too: a paired comparison detects
much smaller differences than two scores side by side. Runs that share too few images are compared by their scores.
"""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets import ImageRecord
from core.errors import RunError
from core.evaluation.confusion import Score
from core.evaluation.intervals import difference_interval, paired_difference_interval
from core.evaluation.predictions import Predictions, load_predictions
from core.evaluation.words import points_interval
from core.runs.feature_plan import copies_of
from core.runs.run import Run
from core.storage.npz import load_npz

LEAST_SHARED = 0.9  # of the images of each run: edits leave more, another split far less
Rows = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Validated:
    """A run's predictions on its validation images.

    Attributes:
        predictions: One row per image; its augmented copies, if any, follow it.
        images: A key of each image, in the same order.
        created: Seconds since 1970.
        copies: Augmented copies per image. They are ignored: those of two runs are not the same images.
    """

    predictions: Predictions
    images: tuple[Hashable, ...]
    created: float
    copies: int = 0

    @property
    def rows(self) -> NDArray[np.int64]:
        """int64 (images,): the row of each image itself."""
        return np.arange(0, len(self.predictions), 1 + self.copies, dtype=np.int64)


@dataclass(frozen=True)
class Comparison:
    """A second run compared with a first one.

    Attributes:
        first, second: Their accuracies on the images that are compared.
        difference: Second minus first, -1..1: above 0 the second is better.
        low, high: Confidence interval of the difference.
        confidence: Level of that interval, between 0 and 1.
        both, neither: Number of images that both, or neither, classify correctly.
        only_first, only_second: (row in the first's predictions, row in the second's) of the images that only one
            classifies correctly.
        relabelled: Number of images with different labels in the two runs.
        left_out: Number of images of one run or both that are not compared: the other was not validated on them,
            cannot predict their class, or they are excluded.
        copies: Whether one of the runs was validated on augmented copies too, which are ignored.
        why: Why the images were not compared one by one, as the end of a sentence; "" where they were. If not, every
            field between `confidence` and `copies` is empty.
    """

    first: Score
    second: Score
    difference: float
    low: float
    high: float
    confidence: float
    both: int = 0
    only_first: Rows = ()
    only_second: Rows = ()
    neither: int = 0
    relabelled: int = 0
    left_out: int = 0
    copies: bool = False
    why: str = ""

    @property
    def paired(self) -> bool:
        return not self.why

    @property
    def num_images(self) -> int:
        """Number of images that were compared one by one."""
        return self.both + len(self.only_first) + len(self.only_second) + self.neither

    @property
    def significant(self) -> bool:
        """Whether the interval of the difference excludes 0."""
        return self.low > 0 or self.high < 0


def load_validated(run: Run) -> Validated:
    """The same from what the run stored. Raises `RunError` as `load_predictions`."""
    predictions, copies = load_predictions(run), copies_of(run.config, "validation")
    if len(predictions) % (1 + copies):
        raise RunError(
            f"The run {run.id} has {len(predictions):,} validation predictions",
            f"a multiple of {1 + copies}: one image and its copies",
            "Train again",
        )
    return Validated(predictions, _numbered(_digests(run, len(predictions) // (1 + copies))), run.created, copies)


def validated_on(run: Run, predictions: Predictions, records: Sequence[ImageRecord]) -> Validated:
    """The same where the images are at hand: their keys are `image_key`.

    Args:
        records: Of each row of the predictions, as `images_of` gives them.
    """
    copies = copies_of(run.config, "validation")
    images = tuple(image_key(record) for record in records[:: 1 + copies])
    return Validated(predictions, images, run.created, copies)


def image_key(record: ImageRecord) -> Hashable:
    """Identifies an image; a file whose content has changed is another image."""
    return record.path, record.digest


def compare(
    first: Validated,
    second: Validated,
    confidence: float = 0.95,
    truth: Mapping[Hashable, str] | None = None,
) -> Comparison:
    """How much better the second is, with Newcombe's intervals (`core.evaluation.intervals`).

    Args:
        confidence: Level of the interval, between 0 and 1. Where several runs are compared with one, 1 - 0.05 / their
            number makes all intervals hold together with 95% confidence (Bonferroni).
        truth: The class of each image to compare, however few of them both runs share. Without it all images are
            compared, provided that the two share nearly all, with their labels in the newer run.
    """
    places, why = _shared(first, second, LEAST_SHARED if truth is None else 0.0)
    rows1, rows2 = first.rows[places[:, 0]], second.rows[places[:, 1]]
    names = [np.array(run.predictions.classes, np.str_) for run in (first, second)]
    labels = [names[0][first.predictions.labels[rows1]], names[1][second.predictions.labels[rows2]]]
    true = labels[1] if second.created >= first.created else labels[0]
    if truth is not None:
        true = np.array([truth.get(first.images[place], "") for place in places[:, 0]], np.str_)
    known = np.isin(true, names[0]) & np.isin(true, names[1])
    if not known.any():
        return _side_by_side(first, second, confidence, why or "they share no image whose class both can predict")
    rows1, rows2, true = rows1[known], rows2[known], true[known]
    right = names[0][first.predictions.best[rows1]] == true, names[1][second.predictions.best[rows2]] == true
    both, neither = int((right[0] & right[1]).sum()), int((~right[0] & ~right[1]).sum())
    alone = [
        tuple(zip(rows1[mask].tolist(), rows2[mask].tolist(), strict=True))
        for mask in (right[0] & ~right[1], ~right[0] & right[1])
    ]
    low, high = paired_difference_interval(both, len(alone[0]), len(alone[1]), neither, confidence)
    return Comparison(
        _score(right[0]),
        _score(right[1]),
        (len(alone[1]) - len(alone[0])) / len(true),
        low,
        high,
        confidence,
        both=both,
        only_first=alone[0],
        only_second=alone[1],
        neither=neither,
        relabelled=int((labels[0] != labels[1]).sum()),
        left_out=len(first.rows) + len(second.rows) - len(known) - len(true),
        copies=first.copies > 0 or second.copies > 0,
    )


def verdict(comparison: Comparison) -> str:
    """What the interval lets one say, in one sentence."""
    interval = f"{100 * comparison.confidence:.3g}% CI {points_interval(comparison.low, comparison.high)}"
    if not comparison.difference:
        return f"The two runs are equally accurate ({interval})."
    better = "better" if comparison.difference > 0 else "worse"
    points = f"{abs(comparison.difference) * 100:.1f} points"
    chance = "more than chance explains" if comparison.significant else "which chance alone can explain"
    return f"The second run is {points} {better} ({interval}), {chance}."


def _side_by_side(first: Validated, second: Validated, confidence: float, why: str) -> Comparison:
    right = [run.predictions.correct[run.rows] for run in (first, second)]
    low, high = difference_interval(_counted(right[0]), _counted(right[1]), confidence)
    scores = _score(right[0]), _score(right[1])
    difference = scores[1].value - scores[0].value
    copies = first.copies > 0 or second.copies > 0
    return Comparison(*scores, difference, low, high, confidence, copies=copies, why=why)


def _shared(first: Validated, second: Validated, least: float) -> tuple[NDArray[np.int64], str]:
    """int64 (images, 2): the places of the images that both have; none, and why not, where these are too few."""
    places = {image: place for place, image in enumerate(second.images)}
    pairs = [(place, places[image]) for place, image in enumerate(first.images) if image in places]
    if not pairs or len(pairs) < least * max(len(first.images), len(second.images)):
        why = f"they were validated on different images and share only {len(pairs):,}"
        return np.zeros((0, 2), np.int64), why
    return np.array(pairs, np.int64), ""


def _digests(run: Run, number: int) -> list[bytes]:
    """Digests of the images' files."""
    try:
        (table,) = load_npz(run.directory / "validation.npz", "pictures")
        if table.dtype != np.uint8 or table.ndim != 2 or len(table) != number:
            raise ValueError(f"pictures {table.dtype} {table.shape}")
    except (OSError, ValueError, KeyError) as error:
        raise RunError(
            f"The run {run.id} does not say which images it was validated on: {error}",
            "validation.npz as Pawlab wrote it",
            "Train again",
        ) from error
    return [row.tobytes() for row in table]


def _numbered(digests: Sequence[bytes]) -> tuple[Hashable, ...]:
    """Keys of the images: copies of one file are distinguished by their order."""
    counts: Counter[bytes] = Counter()
    keys = []
    for digest in digests:
        keys.append((digest, counts[digest]))
        counts[digest] += 1
    return tuple(keys)


def _counted(right: NDArray[np.bool_]) -> tuple[int, int]:
    return int(right.sum()), len(right)


def _score(right: NDArray[np.bool_]) -> Score:
    return Score.of(*_counted(right))
