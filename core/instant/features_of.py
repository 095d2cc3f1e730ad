"""The features of image files: read where they are stored, else made by a pass through the base, and stored."""

import logging
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from core.errors import ImageError
from core.instant.embedder import Embedder, Floats
from core.instant.stored_features import StoredFeatures
from core.jobs.progress import Progress, silent

PHASE = "features"
STORED_AT_ONCE = 64  # a stop, or a kill, costs no more than these


def features_of(files: Mapping[str, Path], embedder: Embedder, progress: Progress = silent) -> dict[str, Floats]:
    """float32 (1280,) of each file that decodes, by its SHA-256.

    Args:
        files: A file of each SHA-256 (hexadecimal).
        progress: Told of the phase "features", in images that are passed through the base. What it raises stops the
            work; the features that were made by then are stored.
    """
    store = StoredFeatures(embedder.digest, embedder.image_size)
    found = store.read(files.keys())
    missing = [digest for digest in files if digest not in found]
    fresh: dict[str, Floats] = {}
    progress(PHASE, 0, len(missing))
    try:
        with closing(embedder.each([files[digest] for digest in missing])) as features:
            for number, (digest, feature) in enumerate(zip(missing, features, strict=True), 1):
                if isinstance(feature, ImageError):
                    logging.getLogger(__name__).warning("no example: %s: %s", files[digest], feature)
                else:
                    found[digest] = fresh[digest] = feature
                if len(fresh) >= STORED_AT_ONCE:
                    store.append(fresh)
                    fresh = {}
                progress(PHASE, number, len(missing))
    finally:
        if fresh:
            store.append(fresh)
    return found
