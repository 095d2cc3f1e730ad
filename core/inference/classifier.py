"""Answers for new pictures with a finished run, on ONNX Runtime alone."""

import itertools
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import IMAGE
from core.backbone.session import open_session
from core.errors import ImageError, RunError
from core.images import load_image
from core.parallel import ordered_map
from core.training.runs import Run

# Many pictures are classified so many at a time: the Flatten head's 65 MB of weights are then read once for all of
# them, which halves the time a picture takes.
PICTURES_A_CALL = 4


@dataclass(frozen=True)
class Answer:
    """What the classifier says of one picture: probabilities, 0..1, by class, in the order of the dataset's classes."""

    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The most probable class."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def confidence(self) -> float:
        """The probability of `label`."""
        return self.probabilities[self.label]


class Classifier:
    """A trained run, ready to answer. Safe to call from several threads.

    Open it with `Classifier.open(run)`; `classes` and `image_size` are the run's.
    """

    def __init__(self, model: Path | bytes, classes: tuple[str, ...], image_size: int, threads: int = 1) -> None:
        self.classes, self.image_size = classes, image_size
        self._session = open_session(model, threads)

    @classmethod
    def open(cls, run: Run, threads: int = 1) -> "Classifier":
        """The classifier of a run.

        Args:
            threads: Cores for one picture. Leave it at 1 where pictures are classified side by side.

        Raises:
            RunError: The run has no model, or its summary does not fit its model.
        """
        summary = run.summary()
        try:
            classes = tuple(str(name) for name in summary["classes"])
            image_size = int(summary["settings"]["image_size"])
        except (KeyError, TypeError, ValueError):
            raise RunError(f"The summary of the run {run.id} is broken", "run.json as Pawlab wrote it") from None
        classifier = cls(run.directory / "model.onnx", classes, image_size, threads)
        outputs = classifier.predict(np.zeros((1, image_size, image_size, 3), np.uint8)).shape[1]
        if outputs != len(classes):
            raise RunError(f"The model of {run.id} has {outputs} classes", f"the {len(classes)} of its summary")
        return classifier

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, float32 (batch, classes), of uint8 (batch, image_size, image_size, 3) RGB pictures."""
        output: NDArray[np.float32] = self._session.run(["probabilities"], {IMAGE: images.astype(np.float32)})[0]
        return np.concatenate([1 - output, output], axis=1) if output.shape[1] == 1 else output

    def classify(self, source: bytes | Path) -> Answer:
        """The answer for one picture, as file content or path.

        Raises:
            ImageError: It is not a picture that we decode.
        """
        return self._answer(self.predict(load_image(source, self.image_size)[np.newaxis])[0])

    def classify_all(self, sources: Iterable[bytes | Path]) -> Generator[Answer | ImageError, None, None]:
        """Answers in the order of `sources`, a few pictures on each core; a bad picture yields its error.

        Takes from `sources` only a little ahead of what it yields, so that memory does not grow with their number.
        """
        waiting = iter(sources)
        parts = iter(lambda: list(itertools.islice(waiting, PICTURES_A_CALL)), [])
        with closing(ordered_map(self._attempt, parts, "classify")) as answered:
            for answers in answered:
                yield from answers

    def _attempt(self, sources: Sequence[bytes | Path]) -> list[Answer | ImageError]:
        loaded = [self._load(source) for source in sources]
        images = [image for image in loaded if not isinstance(image, ImageError)]
        rows = iter(self.predict(np.stack(images)) if images else ())
        return [image if isinstance(image, ImageError) else self._answer(next(rows)) for image in loaded]

    def _load(self, source: bytes | Path) -> NDArray[np.uint8] | ImageError:
        try:
            return load_image(source, self.image_size)
        except ImageError as error:
            return error

    def _answer(self, row: NDArray[np.float32]) -> Answer:
        return Answer({name: float(value) for name, value in zip(self.classes, row, strict=True)})
