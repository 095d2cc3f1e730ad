"""The learners of a server: one for each collection that somebody teaches, only a few kept."""

import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

from core.datasets.collect.bursts import burst_of
from core.datasets.collect.collection import Collection
from core.instant.collection import follow
from core.instant.embedder import Embedder, Floats
from core.instant.learner import Learner
from core.instant.stored_features import StoredFeatures
from core.jobs.progress import Progress, silent
from core.storage.files import sha256_file

MAX_LEARNERS = 3


@dataclass
class _Open:
    learner: Learner = field(default_factory=Learner)
    stamp: tuple[int, ...] | None = None  # of the collection when it was read last; None before that
    lock: threading.Lock = field(default_factory=threading.Lock)


class Learners:
    """The learners of the `limit` collections used last, and the base that all share. Safe to call from several
    threads."""

    def __init__(self, limit: int = MAX_LEARNERS) -> None:
        self._limit = limit
        self._lock, self._making = threading.Lock(), threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()
        self._embedder: Embedder | None = None

    def embedder(self, progress: Progress = silent) -> Embedder:
        """The base. Raises as `Embedder.ready`; the next call then tries again."""
        with self._making:
            if self._embedder is None:
                self._embedder = Embedder.ready(progress)
            return self._embedder

    def of(self, collection: Collection, progress: Progress = silent) -> Learner:
        """The learner of a collection, in line with its files: a page or another process may have changed them. The
        first time may take long, and where images were added in other ways than by `learn`; else next to no time.

        Args:
            progress: As `Embedder.ready` and `follow`.

        Raises:
            PawlabError: As these.
            Cancelled: From `progress`.
        """
        embedder, entry = self.embedder(progress), self._entry(collection)
        with entry.lock:
            if entry.stamp is None or entry.stamp != collection.stamp():
                entry.stamp = follow(entry.learner, collection, embedder, progress)
        return entry.learner

    def learn(self, collection: Collection, path: str, feature: Floats) -> None:
        """Teaches the collection's learner the image at `path`, which `Collection.add` has just kept there, and stores
        its feature for the next opening.

        Args:
            feature: float32 (1280,), from the embedder.

        Raises:
            PawlabError: As `embedder`.
        """
        embedder = self.embedder()
        self._entry(collection).learner.add(path, path.partition("/")[0], burst_of(path) or path, feature)
        with suppress(OSError):  # somebody has removed it already
            digest = sha256_file(collection.root / path)
            StoredFeatures(embedder.digest, embedder.image_size).append({digest: feature})

    def _entry(self, collection: Collection) -> _Open:
        with self._lock:
            entry = self._open.setdefault(str(collection.root), _Open())
            self._open.move_to_end(str(collection.root))
            while len(self._open) > self._limit:
                self._open.popitem(last=False)
            return entry
