"""Many pictures classified: each decoded once for the network and the eye, answers in order, and what they add up to.

Memory stays bounded: small views are kept of the first `KEPT_VIEWS` pictures; of the rest, only the answers.
"""

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from core.errors import ImageError
from core.images import decode_image, load_views
from core.inference.classifier import Answer, Classifier
from core.inference.csv_rows import answer_row, header_row
from core.inference.given import Picture
from core.parallel import ordered_map
from core.progress import Progress, silent

FEW = 12
"""Up to so many pictures have views that are large enough to be looked at closely."""
LARGE, SMALL = 480, 96  # pixels of a view's longest side
KEPT_VIEWS = 2_000  # 5 MB of small ones
A_CALL = 4  # of many pictures, so many share one call: a Flatten head's 65 MB of weights are then read once for all
QUALITY = 85
UNSURE, PROBLEM = "\0unsure", "\0problem"  # beside the classes, whose names hold no NUL
Order = Literal["given", "least", "most", "name"]


@dataclass(frozen=True, slots=True)
class Row:
    """One picture with its answer, or the reason why it has none. `view` is a JPEG of at most `side` pixels
    a side, b"" where none is kept. `milliseconds` from its bytes to its answer."""

    picture: Picture
    answer: Answer | None = None
    reason: str = ""
    view: bytes = b""
    side: int = 0
    milliseconds: float = 0.0

    def outcome(self, threshold: float) -> str:
        """A class, `UNSURE` where the confidence is below the threshold, 0..1, or `PROBLEM`."""
        if self.answer is None:
            return PROBLEM
        return self.answer.label if self.answer.confidence >= threshold else UNSURE


@dataclass(frozen=True)
class Batch:
    """All that was given, in its order."""

    classes: tuple[str, ...]
    rows: tuple[Row, ...]
    seconds: float

    def counts(self, threshold: float) -> dict[str, int]:
        """Pictures of each outcome: all classes in their order, then `UNSURE` and `PROBLEM`."""
        counts = dict.fromkeys((*self.classes, UNSURE, PROBLEM), 0)
        for row in self.rows:
            counts[row.outcome(threshold)] += 1
        return counts

    def chosen(self, threshold: float, outcome: str = "", order: Order = "given") -> list[int]:
        """Places in `rows` of one outcome, or of all ("").

        Args:
            order: As given, by confidence (those without an answer come last), or by name.
        """
        places = [at for at, row in enumerate(self.rows) if outcome in ("", row.outcome(threshold))]
        if order == "name":
            return sorted(places, key=lambda at: self.rows[at].picture.path.casefold())
        if order == "given":
            return places
        sign = 1 if order == "least" else -1
        return sorted(places, key=lambda at: sign * one.confidence if (one := self.rows[at].answer) else 2.0)

    def csv(self) -> bytes:
        """The table that the command line writes (`core.inference.csv_rows`)."""
        rows = (answer_row(row.picture.path, row.answer, row.reason, self.classes) for row in self.rows)
        return header_row(self.classes) + b"".join(rows)


def classify_pictures(
    pictures: Sequence[Picture],
    classifier: Classifier,
    progress: Progress = silent,
    known: Mapping[str, Row] | None = None,
) -> Batch:
    """Classifies on all cores.

    Args:
        progress: Told of the phase "classify", in pictures. What it raises stops the work.
        known: Rows of this classifier by their picture's id: they are not classified again.
    """
    start = time.perf_counter()
    known = known or {}
    few = len(pictures) <= FEW
    fresh = [picture for picture in pictures if picture.id not in known]
    rows: dict[str, Row] = {}
    progress("classify", 0, len(fresh))
    for row in _rows(fresh, classifier, few):
        rows[row.picture.id] = row
        progress("classify", len(rows), len(fresh))
    all_rows = [rows.get(picture.id) or known[picture.id] for picture in pictures]
    return Batch(classifier.classes, tuple(all_rows), time.perf_counter() - start)


def view_of(row: Row, longest: int) -> bytes:
    """The picture as a JPEG of at most `longest` pixels a side: the one that is kept where it is large enough.

    Raises:
        ImageError: There is none.
    """
    if row.view and longest <= row.side:
        return row.view
    return as_view(decode_image(row.picture.read(), longest))


def as_view(picture: np.ndarray) -> bytes:
    """uint8 (height, width, 3), RGB, as the bytes of a JPEG."""
    jpeg = io.BytesIO()
    Image.fromarray(picture).save(jpeg, "JPEG", quality=QUALITY)
    return jpeg.getvalue()


def _rows(pictures: Sequence[Picture], classifier: Classifier, few: bool) -> Iterator[Row]:
    size, longest = (1, LARGE) if few else (A_CALL, SMALL)
    parts = [(at, pictures[at : at + size]) for at in range(0, len(pictures), size)]
    answered = ordered_map(lambda part: _attempt(part[1], classifier, longest, part[0] < KEPT_VIEWS), parts, "classify")
    try:
        for rows in answered:
            yield from rows
    finally:
        answered.close()


def _attempt(pictures: Sequence[Picture], classifier: Classifier, longest: int, keep: bool) -> list[Row]:
    start = time.perf_counter()
    squares: list[np.ndarray] = []
    reasons: dict[str, str] = {}
    views: list[np.ndarray] = []
    for picture in pictures:
        try:
            square, view = load_views(picture.read(), classifier.image_size, longest)
            squares.append(square)
            views.append(view)
        except ImageError as error:
            reasons[picture.id] = error.received
    rows = iter(classifier.predict(np.stack(squares)) if squares else ())
    milliseconds = 1000 * (time.perf_counter() - start) / len(pictures)
    shown = iter(as_view(view) if keep else b"" for view in views)
    return [
        Row(picture, reason=reasons[picture.id])
        if picture.id in reasons
        else Row(picture, _answer(classifier, next(rows)), "", next(shown), longest if keep else 0, milliseconds)
        for picture in pictures
    ]


def _answer(classifier: Classifier, row: np.ndarray) -> Answer:
    return Answer({name: float(value) for name, value in zip(classifier.classes, row, strict=True)})
