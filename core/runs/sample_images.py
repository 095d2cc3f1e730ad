"""A few validation pictures whose answers are shown after each epoch, so that a class can watch them form.

They are chosen once, evenly over the classes, and copied small into the run's folder: whoever watches a run needs no
dataset. Nothing is trained on them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets import Dataset, ImageRecord
from core.datasets.thumbnails import thumbnails
from core.files import write_atomic
from core.training.history import Event, History

COUNT = 6
FOLDER = "samples"
DIGITS = 5  # of a probability in the log


def choose(records: Sequence[ImageRecord], classes: Sequence[str], seed: int, count: int = COUNT) -> list[int]:
    """Positions in `records` of up to `count` pictures, class by class: the first of each class in turn, then the
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
        turns.sort(key=lambda one: (one[0], order[one[1]]))
    kept = sorted(turns[:count], key=lambda one: (one[1], one[0]))
    return [groups[number][turn] for turn, number in kept]


def lay_out(directory: Path, dataset: Dataset, chosen: Sequence[int]) -> dict[str, Any]:
    """Copies the chosen validation pictures, small, to `samples/0.jpg` and on, and gives the fields of the event that
    tells of them. A picture that cannot be read is left out of the folder: the training will say why."""
    records = [dataset.usable("validation")[place] for place in chosen]
    folder = directory / FOLDER
    folder.mkdir(exist_ok=True)
    for number, picture in enumerate(thumbnails(dataset, records)):
        if picture.content:
            write_atomic(folder / f"{number}.jpg", picture.content)
    pictures = [{"path": record.path, "label": record.label} for record in records]
    return {"classes": list(dataset.classes), "pictures": pictures}


def answers(probabilities: NDArray[np.float32], rows: Sequence[int]) -> list[list[float]]:
    """The probability of each class for each of `rows`, as the log holds it.

    Args:
        probabilities: float32 (rows, 1) of the second of two classes, or (rows, classes).
        rows: Of the sample pictures.
    """
    table = probabilities[list(rows)].astype(np.float64)
    if table.shape[1] == 1:
        table = np.concatenate([1 - table, table], axis=1)
    return [[round(float(value), DIGITS) for value in row] for row in table]


@dataclass(frozen=True)
class Sample:
    """One sample picture and what a run says of it.

    `answer` is the most probable class, "" where no epoch has ended; `confidence` is its probability and `truth` that
    of the picture's own class `label`, 0..1; `course` is `truth` after each epoch so far.
    """

    file: Path
    path: str
    label: str
    answer: str = ""
    confidence: float = 0.0
    truth: float = 0.0
    course: tuple[float, ...] = ()

    @property
    def right(self) -> bool:
        return self.answer == self.label


def samples_at(directory: Path, history: History, epoch: Event | None) -> list[Sample]:
    """The sample pictures with their answers after `epoch`, or without answers where it is None.

    Empty for a run from before there were samples, and where the log does not say what this module writes.
    """
    try:
        told = history.samples or {"classes": [], "pictures": []}
        classes = [str(name) for name in told["classes"]]
        found = []
        for number, picture in enumerate(told["pictures"][:COUNT]):
            file, label = directory / FOLDER / f"{number}.jpg", str(picture["label"])
            own = classes.index(label)
            course = [_row(point, number, len(classes)) for point in history.epochs if "samples" in point]
            row = _row(epoch, number, len(classes)) if epoch and "samples" in epoch else []
            best = max(range(len(row)), key=row.__getitem__, default=0)
            said = (classes[best], row[best], row[own]) if row else ("", 0.0, 0.0)
            found.append(Sample(file, str(picture["path"]), label, *said, tuple(row[own] for row in course)))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return []
    return found


def _row(epoch: Event, number: int, classes: int) -> list[float]:
    row = [min(1.0, max(0.0, float(value))) for value in epoch["samples"][number]]
    if len(row) != classes:
        raise ValueError(f"{len(row)} probabilities for {classes} classes")
    return row
