"""A learner of a collection: opened with the features that are stored, and brought in line when others changed it."""

import logging
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from core.datasets.collect.bursts import burst_of
from core.datasets.collect.collection import Collection
from core.errors import ImageError
from core.instant.embedder import Embedder, Floats
from core.instant.learner import Example, Learner
from core.instant.stored_features import StoredFeatures
from core.jobs.progress import Progress, silent
from core.storage.files import sha256_file

PHASE = "features"
STORED_AT_ONCE = 64  # a stop, or a kill, costs no more than these


def follow(
    learner: Learner, collection: Collection, embedder: Embedder, progress: Progress = silent
) -> tuple[int, ...]:
    """Makes the learner's examples the collection's images. Those that it has already cost nothing, those whose
    features are stored a read, all others a pass through the base.

    Args:
        progress: Told of the phase "features", in images that are passed through the base. What it raises stops the
            work; the features that were made by then are stored.

    Returns:
        The collection's stamp before it was read.

    Raises:
        PawlabError: The collection cannot be read.
        Cancelled: From `progress`.
    """
    before, stamp = learner.keys, collection.stamp()
    cards = collection.classes()
    labels = {path: card.label for card in cards for path in reversed(card.images)}
    digests = dict(_digests(collection.root, [path for path in labels if path not in before]))
    store = StoredFeatures(embedder.digest, embedder.image_size)
    stored = store.read(set(digests.values()))
    features = {path: stored[digest] for path, digest in digests.items() if digest in stored}
    missing = {path: digest for path, digest in digests.items() if digest not in stored}
    features |= _computed(missing, collection.root, embedder, store, progress)
    examples = {path: Example(labels[path], burst_of(path) or path, feature) for path, feature in features.items()}
    learner.update([card.label for card in cards], examples, gone=before - labels.keys())
    return stamp


def _digests(root: Path, paths: list[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        try:
            yield path, sha256_file(root / path)
        except OSError as error:  # removed meanwhile, perhaps: then it is no example
            logging.getLogger(__name__).warning("no example: %s", error)


def _computed(
    missing: dict[str, str], root: Path, embedder: Embedder, store: StoredFeatures, progress: Progress
) -> dict[str, Floats]:
    made: dict[str, Floats] = {}
    fresh: dict[str, Floats] = {}
    progress(PHASE, 0, len(missing))
    try:
        with closing(embedder.each([root / path for path in missing])) as features:
            for number, ((path, digest), feature) in enumerate(zip(missing.items(), features, strict=True), 1):
                if isinstance(feature, ImageError):
                    logging.getLogger(__name__).warning("no example: %s: %s", path, feature)
                else:
                    made[path] = fresh[digest] = feature
                if len(fresh) >= STORED_AT_ONCE:
                    store.append(fresh)
                    fresh = {}
                progress(PHASE, number, len(missing))
    finally:
        if fresh:
            store.append(fresh)
    return made
