"""Answers to the frames of a live camera: each bounded before it is decoded, and the very answer of a photo.

Models are shared by all viewers and few are kept; one is opened anew when its run has written another.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TypedDict, TypeVar

import numpy as np

from core.errors import PawlabError, RunError
from core.evaluation.chosen import chosen_threshold
from core.images import load_image
from core.inference.classifier import Classifier
from core.training.runs import Run

MAX_FRAME_PIXELS = 4_000_000  # the page sends the model's size, at most 512x512; a camera's own frame fits too
MOST_PROBABILITIES = 10
MOST_MODELS = 3
T = TypeVar("T")


class LiveAnswer(TypedDict):
    """What is said of one frame. `probabilities` has the most probable classes first, at most `MOST_PROBABILITIES`;
    `threshold` is the run's own, 0..1: below it `label` is a guess. `milliseconds` is the time of decoding and
    classifying."""

    label: str
    confidence: float
    probabilities: list[tuple[str, float]]
    threshold: float
    milliseconds: float


class LiveModels:
    """The classifiers of the latest `most` runs that were asked. Safe to call from several threads."""

    def __init__(self, most: int = MOST_MODELS) -> None:
        self._most = most
        self._opened: OrderedDict[tuple[str, int, int], Classifier] = OrderedDict()
        self._lock = threading.Lock()

    def classifier(self, run: Run) -> Classifier:
        """The run's classifier, as its model is now.

        Raises:
            PawlabError: The model is gone, does not load, or does not fit its run.
        """
        try:
            file = (run.directory / "model.onnx").stat()
        except OSError as error:
            raise RunError(f"The model of the run {run.id} cannot be read: {error.strerror}", "model.onnx") from None
        key = (str(run.directory), file.st_mtime_ns, file.st_size)
        with self._lock:
            if key not in self._opened:
                for old in [known for known in self._opened if known[0] == key[0]]:
                    del self._opened[old]
                # One thread a frame: frames of several viewers are classified side by side.
                self._opened[key] = _in_words(run, lambda: Classifier.open(run, threads=1))
                while len(self._opened) > self._most:
                    self._opened.popitem(last=False)
            self._opened.move_to_end(key)
            return self._opened[key]

    def answer(self, run: Run, frame: bytes) -> LiveAnswer:
        """What the run says of a frame, a picture in any of our formats.

        Raises:
            ImageError: It is no picture that we decode, or has more than `MAX_FRAME_PIXELS`.
            PawlabError: As `classifier`.
        """
        classifier = self.classifier(run)
        began = time.perf_counter()
        image = load_image(frame, classifier.image_size, MAX_FRAME_PIXELS)
        row = _in_words(run, lambda: classifier.predict(image[np.newaxis])[0])
        milliseconds = 1000 * (time.perf_counter() - began)
        order = np.argsort(-row, kind="stable")[:MOST_PROBABILITIES]
        probabilities = [(classifier.classes[place], float(row[place])) for place in order]
        return LiveAnswer(
            label=probabilities[0][0],
            confidence=probabilities[0][1],
            probabilities=probabilities,
            threshold=chosen_threshold(run),
            milliseconds=round(milliseconds, 2),
        )


def _in_words(run: Run, work: Callable[[], T]) -> T:
    try:
        return work()
    except PawlabError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions share no base class below Exception
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise RunError(f"The model of the run {run.id} fails: {reason}", "model.onnx as Pawlab wrote it") from error
