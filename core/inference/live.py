"""Predictions for the frames of a live camera: each is bounded before it is decoded, and classified like a photo.

Models are shared by all viewers, and only a few are kept; one is reopened when its run has written a new one.
"""

import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypedDict, TypeVar

import numpy as np

from core.errors import PawlabError, RunError
from core.images.isolated import load_image
from core.inference.classifier import Classifier
from core.runs.limits import limits_of
from core.runs.run import Run

MAX_FRAME_PIXELS = 4_000_000  # the page sends the model's size, at most 512x512; a camera's own frame fits too
MAX_PROBABILITIES = 10
MAX_MODELS = 3
T = TypeVar("T")


class LivePrediction(TypedDict):
    """The prediction for one frame. `probabilities` has the most probable classes first, at most `MAX_PROBABILITIES`;
    `threshold` is the run's own, 0..1: below it the prediction is unsure. `distance` is that to the training images and
    `cut` the run's own: beyond it the frame is unlike them; both None where the run cannot tell. A class whose
    probability is `cutoff` or more is in the set of classes that the frame may show at the run's `level`, both 0..1, or
    None where no set is promised. `milliseconds` is the time for decoding and classifying."""

    label: str
    confidence: float
    probabilities: list[tuple[str, float]]
    threshold: float
    distance: float | None
    cut: float | None
    unlike: bool
    level: float | None
    cutoff: float | None
    milliseconds: float


class LiveModels:
    """The classifiers of the `limit` runs used last. Safe to call from several threads."""

    def __init__(self, limit: int = MAX_MODELS) -> None:
        self._lock = threading.Lock()
        self._open = lru_cache(limit)(_open)

    def classifier(self, run: Run) -> Classifier:
        """The classifier of the run's current model.

        Raises:
            PawlabError: The model is gone, does not load, or does not fit its run.
        """
        with self._lock:
            return self._open(run, run.model_stamp())

    def prediction(self, run: Run, frame: bytes) -> LivePrediction:
        """The prediction for a frame, an image in any supported format.

        Raises:
            ImageError: It is not an image in a supported format, or has more than `MAX_FRAME_PIXELS`.
            PawlabError: As `classifier`.
        """
        classifier = self.classifier(run)
        began = time.perf_counter()
        image = load_image(frame, classifier.image_size, MAX_FRAME_PIXELS, crop=classifier.crop)
        prediction = _with_run_errors(run, lambda: classifier.predictions(image[np.newaxis])[0])
        milliseconds = 1000 * (time.perf_counter() - began)
        ranked = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])[:MAX_PROBABILITIES]
        limits = limits_of(run, classifier.neighbours)
        return LivePrediction(
            label=prediction.label,
            confidence=prediction.confidence,
            probabilities=ranked,
            threshold=limits.threshold,
            distance=prediction.distance,
            cut=None if prediction.distance is None else limits.cut,
            unlike=prediction.is_unlike(limits),
            level=limits.sets.level if limits.sets else None,
            cutoff=limits.sets.cutoff if limits.sets else None,
            milliseconds=round(milliseconds, 2),
        )


def _open(run: Run, stamp: tuple[int, ...]) -> Classifier:
    # One thread per frame: frames of several viewers are classified in parallel.
    return _with_run_errors(run, lambda: Classifier.open(run, threads=1))


def _with_run_errors(run: Run, work: Callable[[], T]) -> T:
    try:
        return work()
    except PawlabError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions share no base class below Exception
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise RunError(f"The model of the run {run.id} fails: {reason}", "model.onnx as Pawlab wrote it") from error
