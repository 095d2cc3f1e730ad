"""What this server has learned of each collection, and the work until it can answer: the base's weights the first time,
the features of images that it has not seen. Routes and pages share it. Every method may be called from any thread.
"""

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from core.datasets.collect.collection import Collection
from core.errors import ImageError
from core.images.isolated import load_image
from core.jobs.background import SingleFlight, Task
from core.jobs.progress import Progress

if TYPE_CHECKING:
    import numpy as np

    from core.instant.learner import Learner
    from core.instant.learners import Learners

MAX_FRAME_PIXELS = 4_000_000  # the page sends 640x480; a camera's own frame fits too
Preparing = Task[None, str]
"""The job; its `key` is the collection's folder."""


class Learning:
    """The learners of a server and the jobs that prepare them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._learners: Learners | None = None
        self._jobs: dict[str, SingleFlight[None]] = {}

    def prepare(self, collection: Collection, *, again: bool = False) -> Preparing:
        """Begins what is needed before there can be answers, unless it has begun; then that.

        Args:
            again: Anew if it has failed or was stopped.
        """
        key = str(collection.root)

        def work(progress: Progress) -> None:
            self._loaded().of(collection, progress)

        with self._lock:
            job = self._jobs.setdefault(key, SingleFlight())
        return job.submit(key, work, again=again)

    def preparing(self, collection: Collection) -> Preparing | None:
        """That job, done or not; None where nobody has begun it."""
        job = self._jobs.get(str(collection.root))
        return job.latest if job else None

    def learner(self, collection: Collection) -> "Learner | None":
        """Its learner, in line with its files; None while it is not prepared.

        Raises:
            PawlabError: The collection cannot be read.
        """
        return self._loaded().of(collection) if self._is_ready(collection) else None

    def feature(self, frame: bytes) -> "np.ndarray":
        """What the base makes of a frame, float32 (1280,). Only where there is a learner.

        Raises:
            ImageError: It is no image that we decode, or has more than `MAX_FRAME_PIXELS`.
        """
        base = self._loaded().embedder()
        image = load_image(frame, base.image_size, MAX_FRAME_PIXELS, crop=base.crop)
        feature: np.ndarray = base.features(image[None])[0]
        return feature

    def learn(self, collection: Collection, path: str, feature: "np.ndarray | None" = None) -> None:
        """Teaches the learner, if there is one, an image that was just stored.

        Args:
            path: As `Collection.add` returned it.
            feature: Of the image, where it is known.
        """
        if not self._is_ready(collection):
            return  # it sees the image when it is prepared
        learners = self._loaded()
        if feature is None:
            with suppress(ImageError):  # somebody has removed it already
                feature = learners.embedder().feature(collection.root / path)
        if feature is not None:
            learners.learn(collection, path, feature)

    def close(self) -> None:
        """Stops the jobs and waits for their ends."""
        for job in list(self._jobs.values()):
            job.close()
        self._jobs.clear()

    def _is_ready(self, collection: Collection) -> bool:
        job = self.preparing(collection)
        return job is not None and job.done and not job.error

    def _loaded(self) -> "Learners":
        with self._lock:
            if self._learners is None:
                from core.instant.learners import Learners  # ONNX Runtime: only where somebody teaches

                self._learners = Learners()
            return self._learners


LEARNING = Learning()
"""The one of this server: routes have no session, so it is not a resource of Streamlit's."""
