"""A few validation images whose predictions are shown after each epoch, so that a class can watch them form.

They are chosen once, evenly over the classes, and stored as thumbnails in the run's folder: watching a run needs no
dataset. The model does not train on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.thumbnails import thumbnails
from core.runs.history import Event, History
from core.storage.files import write_atomic

COUNT = 6
FOLDER = "samples"
DIGITS = 5  # of a probability in the log


def choose(records: Sequence[ImageRecord], classes: Sequence[str], seed: int, count: int = COUNT) -> list[int]:
    """Positions in `records` of up to `count` images, class by class: the first of each class in turn, then the
    second of each. Where there are more classes than places, `seed` chooses among the classes too.

    The same records, classes and seed give the same choice.
    """
    generator = np.random.default_rng([seed, 4])
    groups = []
    for name in classes:
        of_class = [place for place, record in enumerate(records) if record.label == name]
        groups.append([of_class[i] for i in generator.permutation(len(of_class))[:count]])
    turns = [(turn, number) for turn in range(count) for number in range(len(groups)) if turn < len(groups[number])]
    if len(classes) > count:
        order = generator.permutation(len(groups))
        turns.sort(key=lambda turn: (turn[0], order[turn[1]]))
    chosen = sorted(turns[:count], key=lambda turn: (turn[1], turn[0]))
    return [groups[number][turn] for turn, number in chosen]


def lay_out(directory: Path, dataset: Dataset, chosen: Sequence[int]) -> dict[str, Any]:
    """Writes thumbnails of the chosen images to `samples/0.jpg` and on, and returns the fields of their event.
    An image that cannot be read is left out: training reports the reason."""
    records = [dataset.usable("validation")[place] for place in chosen]
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    for number, image in enumerate(thumbnails(dataset, records)):
        if image.content:
            write_atomic(folder / f"{number}.jpg", image.content)
    images = [{"path": record.path, "label": record.label} for record in records]
    return {"classes": list(dataset.classes), "pictures": images}


def predictions(probabilities: NDArray[np.float64], rows: Sequence[int]) -> list[list[float]]:
    """The probability of each class for each of `rows`, as the log holds it.

    Args:
        probabilities: float64 (rows, 1) of the second of two classes, or (rows, classes).
        rows: Of the sample images.
    """
    table = probabilities[list(rows)]
    if table.shape[1] == 1:
        table = np.concatenate([1 - table, table], axis=1)
    return [[round(float(value), DIGITS) for value in row] for row in table]


@dataclass(frozen=True)
class Sample:
    """One sample image with its predictions.

    `prediction` is the most probable class, "" where no epoch has ended; `confidence` is its probability and `truth`
    that of the image's own class `label`, 0..1; `course` is `truth` after each epoch so far.
    """

    file: Path
    path: str
    label: str
    prediction: str = ""
    confidence: float = 0.0
    truth: float = 0.0
    course: tuple[float, ...] = ()

    @property
    def right(self) -> bool:
        return self.prediction == self.label


def samples_at(directory: Path, history: History, epoch: Event | None) -> list[Sample]:
    """The sample images with their predictions after `epoch`, or without predictions where it is None.

    Empty for an old run without sample images, and where the log speaks of other images or classes than it began with.
    """
    event = history.samples or {"classes": [], "pictures": []}
    classes = event["classes"]
    samples = []
    try:
        for number, image in enumerate(event["pictures"][:COUNT]):
            own = classes.index(image["label"])
            course = [_row(point, number, len(classes)) for point in history.epochs if "samples" in point]
            row = _row(epoch, number, len(classes)) if epoch and "samples" in epoch else []
            best = max(range(len(row)), key=row.__getitem__, default=0)
            predicted: tuple[str, float, float] = (classes[best], row[best], row[own]) if row else ("", 0.0, 0.0)
            truths = tuple(point[own] for point in course)
            file = directory / FOLDER / f"{number}.jpg"
            samples.append(Sample(file, image["path"], image["label"], *predicted, truths))
    except (ValueError, IndexError):
        return []
    return samples


def _row(epoch: Event, number: int, classes: int) -> list[float]:
    row = [min(1.0, max(0.0, value)) for value in epoch["samples"][number]]
    if len(row) != classes:
        raise ValueError(f"{len(row)} probabilities for {classes} classes")
    return row
