"""What the base makes of an image: its average-pooled features, of unit length. No head, no training."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.backbone.architecture import FEATURE_MAP, FEATURES, IMAGE
from core.backbone.neighbours import averaged
from core.backbone.session import open_session
from core.errors import ImageError
from core.images.crop import Crop
from core.images.isolated import load_image, load_images
from core.jobs.parallel import CORES, ordered_map
from core.jobs.progress import Progress, silent

IMAGE_SIZE = 160
IMAGES_PER_CALL = 4  # of the base: more gains nothing on a CPU and costs cache

Floats = NDArray[np.float32]


class Embedder:
    """The frozen base. Safe to call from several threads; each call of `features` uses one core.

    `image_size` is the side of the square that it takes, in pixels; `crop` how an image becomes one: what stands at the
    edge of the camera's view counts too; `digest` says which weights it has.

    Args:
        base: The ONNX file of the base.
        digest: Of its weights.
    """

    image_size = IMAGE_SIZE
    crop: Crop = "squeeze"

    def __init__(self, base: Path, digest: str) -> None:
        self.digest = digest
        self._session = open_session(base, threads=1)

    @classmethod
    def ready(cls, progress: Progress = silent) -> Self:
        """The base, with weights that may have to be downloaded first.

        Args:
            progress: Told of the phase "weights". What it raises stops the work.

        Raises:
            PawlabError: The weights cannot be had, or the base does not load.
            Cancelled: From `progress`.
        """
        from core.backbone.graph import cached_base  # here, as in `core.backbone.feature_map`
        from core.backbone.weights import resolve_weights

        weights = resolve_weights(progress)
        return cls(cached_base(weights), weights.provenance.digest)

    def features(self, images: NDArray[np.uint8]) -> Floats:
        """float32 (images, 1280), each of length 1, of uint8 (images, image_size, image_size, 3), RGB, 0..255."""
        features = np.empty((len(images), FEATURES), np.float32)
        for start in range(0, len(images), IMAGES_PER_CALL):
            batch = images[start : start + IMAGES_PER_CALL].astype(np.float32)
            features[start : start + len(batch)] = averaged(self._session.run([FEATURE_MAP], {IMAGE: batch})[0])
        return features

    def feature(self, source: bytes | Path) -> Floats:
        """float32 (1280,) of one image, as file content or path.

        Raises:
            ImageError: It is not an image in a supported format.
        """
        feature: Floats = self.features(load_image(source, self.image_size, crop=self.crop)[np.newaxis])[0]
        return feature

    def each(self, sources: Sequence[Path]) -> Generator[Floats | ImageError, None, None]:
        """`feature` of each file in order, on all cores; a bad one yields its error. Closing it stops the rest."""
        parts = [sources[start : start + IMAGES_PER_CALL] for start in range(0, len(sources), IMAGES_PER_CALL)]
        with closing(ordered_map(self._attempt, parts, "features", threads=CORES + 1)) as computed:
            for features in computed:
                yield from features

    def _attempt(self, sources: Sequence[Path]) -> list[Floats | ImageError]:
        loaded = load_images(sources, self.image_size, crop=self.crop)
        images = [image for image in loaded if not isinstance(image, ImageError)]
        features = iter(self.features(np.stack(images)) if images else ())
        return [image if isinstance(image, ImageError) else next(features) for image in loaded]
