"""A few validation pictures whose answers are shown after each epoch, so that a class can watch them form.

They are chosen once, evenly over the classes, and copied small into the run's folder: whoever watches a run needs no
dataset. Nothing is trained on them.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets import Dataset, ImageRecord
from core.datasets.thumbnails import thumbnails
from core.files import write_atomic
from core.training.sweep import Floats

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


def answers(probabilities: Floats, rows: Sequence[int]) -> list[list[float]]:
    """The probability of each class for each of `rows`, as the log holds it.

    Args:
        probabilities: float32 (rows, 1) of the second of two classes, or (rows, classes).
        rows: Of the sample pictures.
    """
    table = probabilities[list(rows)].astype(np.float64)
    if table.shape[1] == 1:
        table = np.concatenate([1 - table, table], axis=1)
    return [[round(float(value), DIGITS) for value in row] for row in table]
