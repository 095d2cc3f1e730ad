"""Many images classified: each is decoded once for both the model and the page; predictions keep the order.

Memory stays bounded: only the first `KEPT_VIEWS` images keep a small view; the others keep their predictions.
"""

import io
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from core.errors import ImageError
from core.images.isolated import decode_image, load_views
from core.inference.classifier import IMAGES_PER_CALL, THREADS, Classifier, Prediction
from core.inference.csv_rows import header_row, prediction_row
from core.inference.given import InputImage
from core.jobs.parallel import ordered_map
from core.jobs.progress import Progress, silent
from core.runs.limits import Limits

FEW = 12
"""Up to this many images get large views."""
LARGE, SMALL = 480, 96  # pixels of a view's longest side
KEPT_VIEWS = 2_000  # 5 MB of small ones
QUALITY = 85
UNLIKE, UNSURE, PROBLEM = "\0unlike", "\0unsure", "\0problem"  # beside the classes, whose names hold no NUL
Order = Literal["given", "least", "most", "name"]


def outcome(prediction: Prediction, limits: Limits) -> str:
    """The predicted class; `UNSURE` below the threshold; `UNLIKE`, whatever the confidence, beyond the cut."""
    if prediction.is_unlike(limits):
        return UNLIKE
    return UNSURE if prediction.is_unsure(limits) else prediction.label


@dataclass(frozen=True, slots=True)
class Row:
    """One image with its prediction, or the reason why it has none. `view` is a JPEG of at most `side` pixels a side,
    b"" where there is none. `milliseconds` is the time from its bytes to its prediction."""

    image: InputImage
    prediction: Prediction | None = None
    reason: str = ""
    view: bytes = b""
    side: int = 0
    milliseconds: float = 0.0

    def outcome(self, limits: Limits) -> str:
        """A class, or why there is none: `UNLIKE`, `UNSURE` or `PROBLEM`."""
        return PROBLEM if self.prediction is None else outcome(self.prediction, limits)


@dataclass(frozen=True)
class Batch:
    """All images in the order of the input."""

    classes: tuple[str, ...]
    rows: tuple[Row, ...]
    seconds: float

    def counts(self, limits: Limits) -> dict[str, int]:
        """Number of images per outcome: all classes in their order, then `UNLIKE`, `UNSURE` and `PROBLEM`."""
        counts = dict.fromkeys((*self.classes, UNLIKE, UNSURE, PROBLEM), 0)
        for row in self.rows:
            counts[row.outcome(limits)] += 1
        return counts

    def chosen(self, limits: Limits, outcome: str = "", order: Order = "given") -> list[int]:
        """Indices into `rows` of one outcome, or of all ("").

        Args:
            order: Of the input, by confidence (images without a prediction come last), or by name.
        """
        places = [at for at, row in enumerate(self.rows) if outcome in ("", row.outcome(limits))]
        if order == "name":
            return sorted(places, key=lambda at: self.rows[at].image.path.casefold())
        if order == "given":
            return places
        sign = 1 if order == "least" else -1
        return sorted(
            places, key=lambda at: sign * prediction.confidence if (prediction := self.rows[at].prediction) else 2.0
        )

    def csv(self, limits: Limits) -> bytes:
        """The table that the command line writes (`core.inference.csv_rows`)."""
        rows = (prediction_row(row.image.path, row.prediction, row.reason, self.classes, limits) for row in self.rows)
        return header_row(self.classes) + b"".join(rows)


def classify_images(
    images: Sequence[InputImage],
    classifier: Classifier,
    progress: Progress = silent,
    known: Mapping[str, Row] | None = None,
) -> Batch:
    """Classifies on all cores.

    Args:
        progress: Reports the phase "classify", in images. What it raises stops the work.
        known: Earlier rows of this classifier, by image id: they are not classified again.
    """
    start = time.perf_counter()
    known = known or {}
    few = len(images) <= FEW
    fresh = [image for image in images if image.id not in known]
    rows: dict[str, Row] = {}
    progress("classify", 0, len(fresh))
    for row in _rows(fresh, classifier, few=few):
        rows[row.image.id] = row
        progress("classify", len(rows), len(fresh))
    all_rows = [rows.get(image.id) or known[image.id] for image in images]
    return Batch(classifier.classes, tuple(all_rows), time.perf_counter() - start)


def view_of(row: Row, longest: int) -> bytes:
    """The image as a JPEG of at most `longest` pixels a side: the row's own view where that is large enough.

    Raises:
        ImageError: It cannot be read again.
    """
    if row.view and longest <= row.side:
        return row.view
    return as_view(decode_image(row.image.read(), longest))


def as_view(image: np.ndarray) -> bytes:
    """uint8 (height, width, 3), RGB, as the bytes of a JPEG."""
    jpeg = io.BytesIO()
    Image.fromarray(image).save(jpeg, "JPEG", quality=QUALITY)
    return jpeg.getvalue()


def _rows(images: Sequence[InputImage], classifier: Classifier, *, few: bool) -> Iterator[Row]:
    size, longest = (1, LARGE) if few else (IMAGES_PER_CALL, SMALL)
    parts = [(at, images[at : at + size]) for at in range(0, len(images), size)]
    with closing(
        ordered_map(
            lambda part: _attempt(part[1], classifier, longest, keep_views=part[0] < KEPT_VIEWS),
            parts,
            "classify",
            threads=THREADS,
        )
    ) as classified:
        for rows in classified:
            yield from rows


def _attempt(images: Sequence[InputImage], classifier: Classifier, longest: int, *, keep_views: bool) -> list[Row]:
    start = time.perf_counter()
    squares: list[np.ndarray] = []
    reasons: dict[str, str] = {}
    views: list[np.ndarray] = []
    for image in images:
        try:
            square, view = load_views(image.read(), classifier.image_size, longest, crop=classifier.crop)
            squares.append(square)
            views.append(view)
        except ImageError as error:
            reasons[image.id] = error.received
    predictions = iter(classifier.predictions(np.stack(squares)) if squares else ())
    milliseconds = 1000 * (time.perf_counter() - start) / len(images)
    shown = iter(as_view(view) if keep_views else b"" for view in views)
    return [
        Row(image, reason=reasons[image.id])
        if image.id in reasons
        else Row(image, next(predictions), "", next(shown), longest if keep_views else 0, milliseconds)
        for image in images
    ]
