"""Predictions for new images with a finished run, on ONNX Runtime alone."""

import itertools
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURE_MAP, FEATURES, IMAGE
from core.backbone.neighbours import Neighbours, averaged
from core.backbone.session import open_session
from core.errors import ImageError, RunError
from core.images.crop import Crop
from core.images.isolated import load_image, load_images
from core.jobs.parallel import CORES, ordered_map
from core.runs.limits import Limits, frozen_base, neighbours_of
from core.runs.run import Run
from core.text.lines import error_line

# Images per call of the model: the Flatten head's 65 MB of weights are then read once for all of them, which halves the
# time per image.
IMAGES_PER_CALL = 4
THREADS = CORES + 1  # while one waits for its images, which a worker decodes, the others keep all cores busy
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Prediction:
    """The probabilities of one image, 0..1, by class, in the order of the run's classes; and its `distance` to the
    training images (`core.backbone.neighbours`), 0..1, or None where the run cannot tell."""

    probabilities: dict[str, float]
    distance: float | None = None

    @property
    def label(self) -> str:
        """The predicted class: the most probable one."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def confidence(self) -> float:
        """The probability of `label`."""
        return self.probabilities[self.label]

    def is_unlike(self, limits: Limits) -> bool:
        """Whether the image is unlike the training images: not whether it shows one of the classes."""
        return self.distance is not None and self.distance > limits.cut

    def is_unsure(self, limits: Limits) -> bool:
        return self.confidence < limits.threshold

    def likely(self, limits: Limits) -> tuple[str, ...] | None:
        """The classes in its set (`core.runs.sets`), most probable first; None where no set is promised."""
        if limits.sets is None:
            return None
        names, inside = list(self.probabilities), limits.sets.members(np.array([list(self.probabilities.values())]))[0]
        members = [names[place] for place in np.flatnonzero(inside)]
        return tuple(sorted(members, key=lambda name: -self.probabilities[name]))


class Classifier:
    """The model of a trained run. Safe to call from several threads.

    Open it with `Classifier.open(run)`; `classes`, `image_size` and `crop` are the run's. `without_distance` says why
    its predictions have no distance, or "".

    Args:
        neighbours: The run's reference set.
        base: The base whose features are compared, where the model's own has been fine-tuned.
    """

    def __init__(
        self,
        model: Path | bytes,
        classes: tuple[str, ...],
        image_size: int,
        threads: int = 1,
        neighbours: Neighbours | None = None,
        base: Path | bytes | None = None,
        *,
        crop: Crop = "squeeze",
    ) -> None:
        self.classes, self.image_size, self.crop, self.neighbours = classes, image_size, crop, neighbours
        self.without_distance = ""
        self._session = open_session(model, threads)
        self._base = open_session(base, threads) if base else None

    @classmethod
    def open(cls, run: Run, threads: int = 1) -> "Classifier":
        """The classifier of a run.

        Args:
            threads: Cores for one image. Leave it at 1 where images are classified side by side.

        Raises:
            RunError: The run has no model, or its summary does not fit its model.
        """
        classes, image_size, crop = tuple(run.summary()["classes"]), run.config.image_size, run.config.crop
        model, blank = run.model_file(), np.zeros((1, image_size, image_size, 3), np.uint8)
        try:
            classifier = cls(model, classes, image_size, threads, neighbours_of(run), frozen_base(run), crop=crop)
            if (shape := classifier.features(blank).shape) != (1, FEATURES):
                raise RunError(f"The base of “{run.name}” gives features of shape {shape}", f"(1, {FEATURES})")
        except Exception as error:  # ONNX Runtime's share no base class. A model that does not load fails again below
            classifier = cls(model, classes, image_size, threads, crop=crop)
            classifier.without_distance = error_line(error, 400)
        outputs = classifier.predict(blank).shape[1]
        if outputs != len(classes):
            raise RunError(f"The model of {run.id} has {outputs} classes", f"the {len(classes)} of its summary")
        return classifier

    def predict(self, images: NDArray[np.uint8]) -> Floats:
        """Probabilities, float32 (batch, classes), of uint8 (batch, image_size, image_size, 3) RGB images."""
        output: Floats = self._session.run(["probabilities"], {IMAGE: images.astype(np.float32)})[0]
        return _of_all_classes(output)

    def predictions(self, images: NDArray[np.uint8]) -> list[Prediction]:
        """The same with distances, from the same pass; of a fine-tuned run from a second one."""
        if self.neighbours is None:
            return self._named(self.predict(images), [None] * len(images))
        batch = images.astype(np.float32)
        output, feature_map = self._session.run(["probabilities", FEATURE_MAP], {IMAGE: batch})
        if self._base:
            feature_map = self._base.run([FEATURE_MAP], {IMAGE: batch})[0]
        distances = self.neighbours.distances(averaged(feature_map))
        return self._named(_of_all_classes(output), distances.tolist())

    def features(self, images: NDArray[np.uint8]) -> Floats:
        """What `neighbours` compares, float32 (batch, 1280)."""
        session = self._base or self._session
        return averaged(session.run([FEATURE_MAP], {IMAGE: images.astype(np.float32)})[0])

    def classify(self, source: bytes | Path) -> Prediction:
        """The prediction for one image, as file content or path.

        Raises:
            ImageError: It is not an image in a supported format.
        """
        return self.predictions(load_image(source, self.image_size, crop=self.crop)[np.newaxis])[0]

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
        loaded = load_images(sources, self.image_size, crop=self.crop)
        images = [image for image in loaded if not isinstance(image, ImageError)]
        predictions = iter(self.predictions(np.stack(images)) if images else ())
        return [image if isinstance(image, ImageError) else next(predictions) for image in loaded]

    def _named(self, rows: Floats, distances: Sequence[float | None]) -> list[Prediction]:
        return [
            Prediction(dict(zip(self.classes, row, strict=True)), distance)
            for row, distance in zip(rows.tolist(), distances, strict=True)
        ]


def _of_all_classes(output: Floats) -> Floats:
    return np.concatenate([1 - output, output], axis=1) if output.shape[1] == 1 else output
