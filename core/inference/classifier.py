"""Predictions for new images with a finished run, on ONNX Runtime alone."""

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
from core.images.isolated import load_image, load_images
from core.jobs.parallel import CORES, ordered_map
from core.runs.run import Run

# Images per call of the model: the Flatten head's 65 MB of weights are then read once for all of them, which halves the
# time per image.
IMAGES_PER_CALL = 4
THREADS = CORES + 1  # while one waits for its images, which a worker decodes, the others keep all cores busy


@dataclass(frozen=True)
class Prediction:
    """The probabilities of one image, 0..1, by class, in the order of the run's classes."""

    probabilities: dict[str, float]

    @property
    def label(self) -> str:
        """The predicted class: the most probable one."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def confidence(self) -> float:
        """The probability of `label`."""
        return self.probabilities[self.label]


class Classifier:
    """The model of a trained run. Safe to call from several threads.

    Open it with `Classifier.open(run)`; `classes` and `image_size` are the run's.
    """

    def __init__(self, model: Path | bytes, classes: tuple[str, ...], image_size: int, threads: int = 1) -> None:
        self.classes, self.image_size = classes, image_size
        self._session = open_session(model, threads)

    @classmethod
    def open(cls, run: Run, threads: int = 1) -> "Classifier":
        """The classifier of a run.

        Args:
            threads: Cores for one image. Leave it at 1 where images are classified side by side.

        Raises:
            RunError: The run has no model, or its summary does not fit its model.
        """
        classes, image_size = tuple(run.summary()["classes"]), run.config.image_size
        classifier = cls(run.model_file(), classes, image_size, threads)
        outputs = classifier.predict(np.zeros((1, image_size, image_size, 3), np.uint8)).shape[1]
        if outputs != len(classes):
            raise RunError(f"The model of {run.id} has {outputs} classes", f"the {len(classes)} of its summary")
        return classifier

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities, float32 (batch, classes), of uint8 (batch, image_size, image_size, 3) RGB images."""
        output: NDArray[np.float32] = self._session.run(["probabilities"], {IMAGE: images.astype(np.float32)})[0]
        return np.concatenate([1 - output, output], axis=1) if output.shape[1] == 1 else output

    def classify(self, source: bytes | Path) -> Prediction:
        """The prediction for one image, as file content or path.

        Raises:
            ImageError: It is not an image in a supported format.
        """
        return self._prediction(self.predict(load_image(source, self.image_size)[np.newaxis])[0])

    def classify_all(self, sources: Iterable[bytes | Path]) -> Generator[Prediction | ImageError, None, None]:
        """Predictions in the order of `sources`, a few images on each core; a bad image yields its error.

        Reads only a little ahead in `sources`, so memory does not grow with their number.
        """
        waiting = iter(sources)
        parts = iter(lambda: list(itertools.islice(waiting, IMAGES_PER_CALL)), [])
        with closing(ordered_map(self._attempt, parts, "classify", threads=THREADS)) as classified:
            for predictions in classified:
                yield from predictions

    def _attempt(self, sources: Sequence[bytes | Path]) -> list[Prediction | ImageError]:
        loaded = load_images(sources, self.image_size)
        images = [image for image in loaded if not isinstance(image, ImageError)]
        rows = iter(self.predict(np.stack(images)) if images else ())
        return [image if isinstance(image, ImageError) else self._prediction(next(rows)) for image in loaded]

    def _prediction(self, row: NDArray[np.float32]) -> Prediction:
        return Prediction({name: float(value) for name, value in zip(self.classes, row, strict=True)})
