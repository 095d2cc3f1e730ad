"""Features: what the frozen base makes of each image and of its augmented copies."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from core.augmentation import augment
from core.backbone.architecture import IMAGE
from core.backbone.features import ROWS_A_CALL, VERSION, FeaturePlan
from core.backbone.session import open_session
from core.errors import ImageError
from core.images.isolated import load_images
from core.scale.blocks import Item
from core.scale.kernel import Kernel
from core.storage.parts import Kind

PART_BYTES = 32_000_000  # of features in one part, at most: it is in memory as a whole
FILES_A_PART = 256


@dataclass(frozen=True)
class FeatureKernel(Kernel):
    """One row an image (`copy` 0) and one a copy; a file that is no image has one without a feature, with a reason.

    Attributes:
        base: The ONNX file's bytes; `weights_digest` says which numbers are in it.
        files: In one part, at most.
    """

    kind: ClassVar[Kind] = "features"
    version: ClassVar[int] = VERSION
    at_once: ClassVar[int] = ROWS_A_CALL

    base: bytes
    weights_digest: str
    plan: FeaturePlan
    files: int = FILES_A_PART

    @property
    def most(self) -> int:
        return max(self.at_once, min(self.files, PART_BYTES // (4 * self.plan.width * (1 + self.plan.copies))))

    @property
    def settings(self) -> dict[str, Any]:
        """As `TrainingConfig` names them, with the digest of the weights."""
        plan = self.plan
        settings: dict[str, Any] = {"image_size": plan.image_size, "pooling": plan.pooling, "crop": plan.crop}
        settings |= {"copies": plan.copies, "weights": self.weights_digest}
        if plan.copies:
            settings |= {"seed": plan.seed, "augmentation": plan.augmentation.model_dump(mode="json")}
        return settings

    @cached_property
    def _session(self) -> Any:
        return open_session(self.base, threads=1)

    @property
    def schema(self) -> pa.Schema:
        texts = [(name, pa.string()) for name in ("path", "label", "split", "digest", "reason")]
        return pa.schema([*texts, ("copy", pa.int16()), ("feature", pa.list_(pa.float32(), self.plan.width))])

    def rows(self, items: Sequence[Item], contents: Sequence[bytes | ImageError]) -> pa.Table:
        digests = [hashlib.sha256(one).hexdigest() if isinstance(one, bytes) else "" for one in contents]
        loaded = iter(
            load_images([one for one in contents if isinstance(one, bytes)], self.plan.image_size, crop=self.plan.crop)
        )
        images = [next(loaded) if isinstance(one, bytes) else one for one in contents]
        squares = [
            square
            for image, digest in zip(images, digests, strict=True)
            if not isinstance(image, ImageError)
            for square in self._with_copies(image, digest)
        ]
        features = iter(self._features(squares))
        rows = []
        for item, image, digest in zip(items, images, digests, strict=True):
            row: dict[str, Any] = {"path": item.path, "label": item.label, "split": item.split, "digest": digest}
            if isinstance(image, ImageError):
                rows.append(row | {"reason": image.received, "copy": 0})
                continue
            rows += [row | {"reason": "", "copy": at, "feature": next(features)} for at in range(1 + self.plan.copies)]
        return pa.Table.from_pylist(rows, self.schema)

    def _with_copies(self, image: NDArray[np.uint8], digest: str) -> list[NDArray[np.uint8]]:
        plan = self.plan
        copies = range(1, 1 + plan.copies)
        return [image, *(augment(image, plan.augmentation, plan.seed, digest, copy)[0] for copy in copies)]

    def _features(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """One vector an image. The base always gets four: another shape of the batch might give other bits."""
        vectors: list[NDArray[np.float32]] = []
        size = self.plan.image_size
        for first in range(0, len(images), ROWS_A_CALL):
            some = images[first : first + ROWS_A_CALL]
            batch = np.zeros((ROWS_A_CALL, size, size, 3), np.float32)
            batch[: len(some)] = some
            maps = self._session.run(None, {IMAGE: batch})[0]
            flat = maps.reshape(ROWS_A_CALL, -1) if self.plan.pooling == "flatten" else maps.mean(axis=(1, 2))
            vectors += list(flat[: len(some)])
        return vectors
