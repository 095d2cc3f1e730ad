"""Shortcuts: can the label be told from what should not matter?

From each cue alone (the border, the mean colour, the size of the file, ...) a small classifier predicts the label of
images that it has not seen. A model of such data need not learn what the classes are, and fails where the cue is gone
(R. Geirhos et al., "Shortcut learning in deep neural networks", Nature Machine Intelligence 2, 2020).

The warning: with the confidence that all cues together have 95%, the cue alone gets further than half of the way from
guessing to the model. Guessing is to say the largest class. Where no cue tells anything, at most one analysis in twenty
would get beyond guessing by chance, and none half of the way, unless the model is at chance itself; then there is no
warning. Weaker cues are normal: dogs are outdoors more often than cats.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from core.advice.head import Floats, Labels
from core.advice.looks import Looks
from core.advice.material import Material
from core.datasets.records import ImageRecord
from core.evaluation.cross_validation import predict_folds
from core.evaluation.intervals import wilson_interval

BINS = 12  # of equally many images that a number is cut into
MOST_WORDS = 12  # of a cue that is a word; rarer ones count as one
HALF = 0.5  # of the way from guessing to the model
SHOWN = 50  # images that give a cue away


@dataclass(frozen=True)
class Shortcut:
    """What one cue says of the label.

    Attributes:
        cue: Never changes: "border", "colour", "brightness", "size", "format", "file_size", "name" or "camera".
        title: The cue in words.
        accuracy: Of the label predicted from the cue alone, 0..1.
        low, high: Its interval; all cues' intervals hold together with 95% confidence.
        guessing: The accuracy of always saying the largest class.
        model: The accuracy of the head on the features of the same images.
        warning: Whether it is a shortcut.
        visible: Whether a model sees the cue. One that it does not see still says that the classes have other sources.
        images: Paths of those that give it away, where there is a warning: predicted right by the cue, classes in turn.
    """

    cue: str
    title: str
    accuracy: float
    low: float
    high: float
    guessing: float
    model: float
    warning: bool
    visible: bool
    images: tuple[str, ...] = ()

    def in_words(self) -> str:
        """The finding as a sentence or two."""
        told = f"{self.title} alone gives away the class of {self.accuracy:.0%} of the images ({self.low:.0%} to "
        text = f"{told}{self.high:.0%}); guessing gives {self.guessing:.0%}, the model {self.model:.0%}."
        if not self.warning:
            return text
        if not self.visible:
            return f"{text} A model does not see it, but the classes seem to come from different sources."
        return f"{text} A model may learn this instead of the classes, and fail where it is missing."


def find_shortcuts(material: Material, looks: Looks, accuracy: float, seed: int = 0) -> tuple[Shortcut, ...]:
    """Tries each cue, the most telling first.

    Args:
        material, looks: Of the same images, in the same order.
        accuracy: Of the head on the features, 0..1.

    Raises:
        DatasetError: A class cannot be in two folds.
    """
    folds, guessing = material.folds(seed), material.guessing
    number = len(np.unique(material.groups))  # images of one burst are as good as one
    cues = cues_of(material, looks)
    found = []
    for cue, (title, visible, described) in cues.items():
        right = _predicted(described, material.labels, folds) == material.labels
        share = float(right.mean())
        low, high = wilson_interval(share * number, number, 1 - 0.05 / len(cues))
        warning = accuracy > guessing and low > guessing + HALF * (accuracy - guessing)
        images = _in_turn(material, right) if warning else ()
        found.append(Shortcut(cue, title, share, low, high, guessing, accuracy, warning, visible, images))
    return tuple(sorted(found, key=lambda shortcut: (not shortcut.warning, -shortcut.accuracy)))


def cues_of(material: Material, looks: Looks) -> dict[str, tuple[str, bool, Floats]]:
    """{cue: (title, whether a model sees it, float32 (images, width) that describe it)}."""
    records = material.records
    width, height = (np.array([getattr(r, side) for r in records], np.float64) for side in ("width", "height"))
    size = np.array([record.bytes for record in records], np.float64)
    brightness = np.array([record.brightness for record in records])
    formats = [f"{record.format} {record.mode} {record.frames > 1}" for record in records]
    names = [name_pattern(record, material.classes) for record in records]
    border = looks.border - looks.border.mean(axis=0)
    return {
        "border": ("The border of 10%", True, _scaled(np.column_stack([border, border**2]))),
        "colour": ("The mean colour", True, np.column_stack([_binned(looks.colour[:, c]) for c in range(3)])),
        "brightness": ("The brightness", True, _binned(brightness)),
        "size": (
            "The size in pixels",
            True,
            np.column_stack([_binned(width), _binned(height), _binned(width / height)]),
        ),
        "format": ("The format", False, _one_hot(formats)),
        "file_size": (
            "The size of the file",
            False,
            np.column_stack([_binned(size), _binned(size / (width * height))]),
        ),
        "name": ("The pattern of file names", False, _one_hot(names)),
        "camera": ("The EXIF block", False, _one_hot(looks.camera.tolist())),
    }


def name_pattern(record: ImageRecord, classes: Sequence[str]) -> str:
    """The form of a file's name: its words, without the names of classes, and how many digits stand in it. `cat.0001`
    and `dog.0001` have the same, `IMG_0001` has another."""
    words = re.findall(r"[^\W\d_]+|\d+|[\W_]+", PurePosixPath(record.path).stem.casefold())
    known = [word for label in classes for word in re.findall(r"[^\W\d_]+", label.casefold())]
    return "".join(
        "9" * min(len(word), 3)
        if word.isdigit()
        else "*"
        if len(word) > 1 and any(name.startswith(word) or word.startswith(name) for name in known)
        else word
        for word in words
    )


def _predicted(described: Floats, labels: Labels, folds: Labels) -> Labels:
    predictions = np.empty_like(labels)
    for fold, predicted in enumerate(predict_folds(described, labels, folds)):
        predictions[folds == fold] = predicted
    return predictions


def _binned(values: NDArray[np.floating]) -> Floats:
    """float32 (images, bins): which of `BINS` bins of about as many images each value falls into."""
    edges = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.eye(len(edges) + 1, dtype=np.float32)[np.searchsorted(edges, values, side="right")]


def _one_hot(words: Sequence[str]) -> Floats:
    common = [word for word, _ in sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS]]
    places = {word: place for place, word in enumerate(common)}
    return np.eye(len(common) + 1, dtype=np.float32)[[places.get(word, len(common)) for word in words]]


def _scaled(values: Floats) -> Floats:
    return np.asarray((values - values.mean(axis=0)) / np.maximum(values.std(axis=0), 1e-6), np.float32)


def _in_turn(material: Material, right: NDArray[np.bool_]) -> tuple[str, ...]:
    rows = np.flatnonzero(right)
    places = np.zeros(len(rows), np.int64)
    for label in range(len(material.classes)):
        own = material.labels[rows] == label
        places[own] = np.arange(own.sum())
    order = rows[np.lexsort([material.labels[rows], places])][:SHOWN]
    return tuple(material.records[row].path for row in order)
