"""A learner of a collection: opened with the features that are stored, and brought in line when others changed it."""

import logging
from collections.abc import Iterator
from pathlib import Path

from core.datasets.collect.bursts import burst_of
from core.datasets.collect.collection import Collection
from core.instant.embedder import Embedder
from core.instant.features_of import features_of
from core.instant.learner import Example, Learner
from core.jobs.progress import Progress, silent
from core.storage.files import sha256_file


def follow(
    learner: Learner, collection: Collection, embedder: Embedder, progress: Progress = silent
) -> tuple[int, ...]:
    """Makes the learner's examples the collection's images. Those that it has already cost nothing, those whose
    features are stored a read, all others a pass through the base.

    Args:
        progress: As `features_of`.

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
    files = {digest: collection.root / path for path, digest in digests.items()}
    features = features_of(files, embedder, progress)
    examples = {
        path: Example(labels[path], burst_of(path) or path, features[digest])
        for path, digest in digests.items()
        if digest in features
    }
    learner.update([card.label for card in cards], examples, gone=before - labels.keys())
    return stamp


def _digests(root: Path, paths: list[str]) -> Iterator[tuple[str, str]]:
    for path in paths:
        try:
            yield path, sha256_file(root / path)
        except OSError as error:  # removed meanwhile, perhaps: then it is no example
            logging.getLogger(__name__).warning("no example: %s", error)
