"""Predictions: what the model of a run says of each image."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.backbone.features import VERSION
from core.backbone.neighbours import Neighbours
from core.errors import ImageError
from core.images.crop import Crop
from core.images.isolated import load_images
from core.inference.classifier import IMAGES_PER_CALL, Classifier, Prediction
from core.runs.limits import Limits, frozen_base, neighbours_of
from core.runs.run import Run
from core.scale.blocks import Item
from core.scale.kernel import Kernel
from core.storage.parts import Kind


@dataclass(frozen=True)
class PredictionKernel(Kernel):
    """One row an image, with what a row of the CSV has; a file that is no image has one with a reason.

    Attributes:
        model: The ONNX file's bytes; `base` those of the frozen base where the model's own was fine-tuned.
        digest: Of the model and the reference set.
        limits: Where the run stops deciding.
    """

    kind: ClassVar[Kind] = "predictions"
    version: ClassVar[int] = VERSION
    at_once: ClassVar[int] = IMAGES_PER_CALL
    most: ClassVar[int] = 256

    model: bytes
    classes: tuple[str, ...]
    image_size: int
    crop: Crop
    limits: Limits
    digest: str
    neighbours: Neighbours | None = None
    base: bytes | None = None

    @property
    def settings(self) -> dict[str, Any]:
        sets = self.limits.sets
        limits = {"threshold": self.limits.threshold, "cut": self.limits.cut, "cutoff": sets.cutoff if sets else None}
        return {"model": self.digest, "classes": list(self.classes), **limits}

    @cached_property
    def classifier(self) -> Classifier:
        return Classifier(
            self.model, self.classes, self.image_size, neighbours=self.neighbours, base=self.base, crop=self.crop
        )

    @property
    def schema(self) -> pa.Schema:
        names = ("path", "label", "split", "reason", "predicted")
        columns: list[tuple[str, pa.DataType]] = [(name, pa.string()) for name in names]
        columns += [("confidence", pa.float32()), ("distance", pa.float32()), ("unlike", pa.bool_())]
        columns += [("set", pa.list_(pa.string())), ("probabilities", pa.list_(pa.float32(), len(self.classes)))]
        return pa.schema(columns)

    def rows(self, items: Sequence[Item], contents: Sequence[bytes | ImageError]) -> pa.Table:
        loaded = iter(load_images([one for one in contents if isinstance(one, bytes)], self.image_size, crop=self.crop))
        images = [next(loaded) if isinstance(one, bytes) else one for one in contents]
        predictions = iter(self._predictions([image for image in images if not isinstance(image, ImageError)]))
        rows = []
        for item, image in zip(items, images, strict=True):
            row: dict[str, Any] = {"path": item.path, "label": item.label, "split": item.split}
            if isinstance(image, ImageError):
                rows.append(row | {"reason": image.received})
            else:
                rows.append(row | {"reason": "", **self._columns(next(predictions))})
        return pa.Table.from_pylist(rows, self.schema)

    def _predictions(self, images: Sequence[NDArray[np.uint8]]) -> list[Prediction]:
        """The model always gets four: another shape of the batch might give other bits."""
        batch = np.zeros((IMAGES_PER_CALL, self.image_size, self.image_size, 3), np.uint8)
        batch[: len(images)] = images
        return self.classifier.predictions(batch)[: len(images)] if images else []

    def _columns(self, prediction: Prediction) -> dict[str, Any]:
        far = None if prediction.distance is None else prediction.is_unlike(self.limits)
        return {
            "predicted": prediction.label,
            "confidence": prediction.confidence,
            "distance": prediction.distance,
            "unlike": far,
            "set": prediction.likely(self.limits),
            "probabilities": list(prediction.probabilities.values()),
        }


def prediction_kernel(run: Run, classifier: Classifier, limits: Limits) -> PredictionKernel:
    """What workers need of a run.

    Args:
        classifier: The run's own, which has been tried on this machine.

    Raises:
        RunError: Something of it is gone.
    """
    model = run.model_file().read_bytes()
    neighbours = None if classifier.without_distance else neighbours_of(run)
    base = frozen_base(run) if neighbours else None
    digest = hashlib.sha256(model)
    for more in (neighbours.content() if neighbours else b"", base.read_bytes() if base else b""):
        digest.update(hashlib.sha256(more).digest())
    return PredictionKernel(
        model,
        classifier.classes,
        classifier.image_size,
        classifier.crop,
        limits,
        digest.hexdigest(),
        neighbours,
        base.read_bytes() if base else None,
    )
